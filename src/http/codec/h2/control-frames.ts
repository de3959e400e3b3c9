import { ErrorCode, Flag, FrameType, uint31, uint32 } from './frame.ts';
import type { H2Sender } from './h2-sender.ts';
import type { H2Session } from './h2-session.ts';
import { H2_CODEC_STATS } from './h2-stats.ts';
import { UNKNOWN_ERROR } from './session-errors.ts';
import type { SessionRole } from './session-role.ts';
import { MAX_SETTINGS, PeerSettings } from './settings.ts';

/** Reads the frames of a connection that carry nothing of a message. Methods return false when nothing more is to be read. */
export class ControlFrames {
  readonly peer: PeerSettings;
  /** The peer has said what it wants. */
  settingsSeen = false;
  /** It has seen what this side wants. */
  settingsAcked = false;
  readonly #session: H2Session;
  readonly #sender: H2Sender;
  readonly #role: SessionRole;

  constructor(session: H2Session, role: SessionRole) {
    this.#session = session;
    this.#sender = session.sender;
    this.#role = role;
    this.peer = new PeerSettings(session.sender);
  }

  onFrame(type: number, flags: number, id: number, bytes: Buffer, at: number, end: number): boolean {
    switch (type) {
      case FrameType.windowUpdate:
        return this.#onWindowUpdate(id, bytes, at, end);
      case FrameType.rstStream:
        return this.#onRstStream(id, bytes, at, end);
      case FrameType.settings:
        return this.#onSettings(flags, id, bytes, at, end);
      case FrameType.ping:
        return this.#onPing(flags, id, bytes, at, end);
      case FrameType.priority:
        return this.#onPriority(id, bytes, at, end);
      case FrameType.goAway:
        return this.#onGoAway(id, bytes, at, end);
      case FrameType.pushPromise:
        return this.#session.drop(id, UNKNOWN_ERROR);
      default:
        return true;
    }
  }

  #onGoAway(id: number, bytes: Buffer, at: number, end: number): boolean {
    if (id !== 0) return this.#session.drop(id, UNKNOWN_ERROR);
    if (end - at < 8) return this.#session.fail(ErrorCode.frameSizeError, '');
    this.#role.onGoAway(uint31(bytes, at), uint32(bytes, at + 4));
    return !this.#session.closed;
  }

  #onPriority(id: number, bytes: Buffer, at: number, end: number): boolean {
    if (id === 0) return this.#session.drop(id, UNKNOWN_ERROR);
    if (end - at !== 5) return this.#session.fail(ErrorCode.frameSizeError, '');
    if (!this.#sender.check(this.#sender.guard.onPriority())) return false;
    // RFC 9113 has no priorities; a stream that depends on itself is still an error (RFC 7540 §5.3.1).
    if (uint31(bytes, at) === id) return this.#session.fail(ErrorCode.protocolError, 'PRIORITY: depends on itself');
    return true;
  }

  #onRstStream(id: number, bytes: Buffer, at: number, end: number): boolean {
    if (end - at !== 4) return this.#session.fail(ErrorCode.frameSizeError, '');
    if (id === 0 || this.#session.isIdle(id)) return this.#session.drop(id, UNKNOWN_ERROR);
    this.#session.resetHere.delete(id);
    const stream = this.#session.streamOf(id);
    if (stream === undefined) return this.#countReset();
    this.#session.stats.inc(H2_CODEC_STATS.rx_reset);
    const { decoder } = stream;
    stream.decoder = undefined;
    const failure = this.#role.failures.ofCode(uint32(bytes, at), stream.remoteEnded);
    this.#role.onStreamReset(failure);
    this.#session.forget(stream);
    decoder?.onReset(failure);
    return !this.#session.closed && this.#countReset();
  }

  #countReset(): boolean {
    return this.#sender.guard.onReset() || this.#session.fail(ErrorCode.internalError, '');
  }

  #onSettings(flags: number, id: number, bytes: Buffer, start: number, end: number): boolean {
    if (id !== 0) return this.#session.drop(id, UNKNOWN_ERROR);
    const length = end - start;
    if ((flags & Flag.ack) !== 0) {
      if (length !== 0) return this.#session.fail(ErrorCode.frameSizeError, '');
      // This side announces its settings once.
      if (this.settingsAcked) return this.#session.drop(id, UNKNOWN_ERROR);
      this.settingsAcked = true;
      this.#session.onSettingsAcked();
      return true;
    }
    if (length % 6 !== 0) return this.#session.fail(ErrorCode.frameSizeError, '');
    if (length > MAX_SETTINGS * 6) return this.#session.fail(ErrorCode.enhanceYourCalm, '');
    this.settingsSeen = true;
    if (!this.peer.apply(bytes, start, end)) return this.#session.drop(id, UNKNOWN_ERROR);
    this.#sender.writer.settingsAck();
    // The peer learns that its settings hold before it sees what they let through.
    this.#sender.flushAll();
    if (!this.#sender.check(this.#sender.guard.onControlSent())) return false;
    this.#role.onSettings();
    return !this.#session.closed;
  }

  #onPing(flags: number, id: number, bytes: Buffer, at: number, end: number): boolean {
    if (id !== 0) return this.#session.fail(ErrorCode.protocolError, 'PING: stream_id != 0');
    if (end - at !== 8) return this.#session.fail(ErrorCode.frameSizeError, '');
    const opaque = bytes.toString('latin1', at, end);
    if ((flags & Flag.ack) !== 0) {
      this.#session.onPingAck(opaque);
      return true;
    }
    this.#sender.writer.ping(opaque, true);
    return this.#sender.check(this.#sender.guard.onControlSent());
  }

  #onWindowUpdate(id: number, bytes: Buffer, at: number, end: number): boolean {
    if (end - at !== 4) return this.#session.fail(ErrorCode.frameSizeError, '');
    const increment = uint31(bytes, at);
    if (id !== 0 && this.#session.isIdle(id)) return this.#session.drop(id, UNKNOWN_ERROR);
    if (!this.#sender.check(this.#sender.guard.onWindowUpdate())) return false;
    if (increment === 0) return this.#session.drop(id, UNKNOWN_ERROR);
    if (id === 0) return this.#sender.widenConnection(increment) || this.#session.fail(ErrorCode.flowControlError, 'WINDOW_UPDATE: window size overflow');
    const stream = this.#session.streamOf(id);
    if (stream === undefined) return this.#session.refuseRest(id, this.#session.resetHere.onWindowUpdate(id, increment));
    if (!this.#sender.widen(stream, increment)) this.#session.resetMalformed(stream, ErrorCode.flowControlError);
    return !this.#session.closed;
  }
}
