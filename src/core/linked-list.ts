/** Fields by which an object stands in one list at a time; written by that list only. */
export interface Linked<T extends Linked<T>> {
  list: LinkedList<T> | undefined;
  listPrevious: T | undefined;
  listNext: T | undefined;
}

/**
 * An intrusive doubly linked list: nothing is allocated for a place in it, and any member leaves in constant time. What comes and goes with connections and
 * streams stands in one of these, not in a `Set`, whose old tables keep members from dying young (docs/decisions/memory.md).
 */
export class LinkedList<T extends Linked<T>> {
  first: T | undefined = undefined;
  last: T | undefined = undefined;
  size = 0;

  /** `item` is in no list. */
  addFirst(item: T): void {
    const { first } = this;
    item.list = this;
    item.listPrevious = undefined;
    item.listNext = first;
    if (first === undefined) this.last = item;
    else first.listPrevious = item;
    this.first = item;
    this.size++;
  }

  /** `item` is in no list. */
  addLast(item: T): void {
    const { last } = this;
    item.list = this;
    item.listNext = undefined;
    item.listPrevious = last;
    if (last === undefined) this.first = item;
    else last.listNext = item;
    this.last = item;
    this.size++;
  }

  /** Whether it was in this list. */
  remove(item: T): boolean {
    if (item.list !== this) return false;
    const { listPrevious, listNext } = item;
    if (listPrevious === undefined) this.first = listNext;
    else listPrevious.listNext = listNext;
    if (listNext === undefined) this.last = listPrevious;
    else listNext.listPrevious = listPrevious;
    item.list = undefined;
    item.listPrevious = undefined;
    item.listNext = undefined;
    this.size--;
    return true;
  }

  /** Those that are there now, first to last: they may leave, and others come, while they are gone through. */
  values(): T[] {
    const values: T[] = [];
    for (let item = this.first; item !== undefined; item = item.listNext) values.push(item);
    return values;
  }
}
