/** Fields by which an object stands in one list; written by that list only. */
export interface Linked<T> {
  listPrevious: T | undefined;
  listNext: T | undefined;
}

/** An intrusive doubly linked list: nothing is allocated for a place in it, and any member leaves in constant time. */
export class LinkedList<T extends Linked<T>> {
  first: T | undefined = undefined;
  last: T | undefined = undefined;
  size = 0;

  addFirst(item: T): void {
    const { first } = this;
    item.listPrevious = undefined;
    item.listNext = first;
    if (first === undefined) this.last = item;
    else first.listPrevious = item;
    this.first = item;
    this.size++;
  }

  addLast(item: T): void {
    const { last } = this;
    item.listNext = undefined;
    item.listPrevious = last;
    if (last === undefined) this.first = item;
    else last.listNext = item;
    this.last = item;
    this.size++;
  }

  /** `item` is in this list. */
  remove(item: T): void {
    const { listPrevious, listNext } = item;
    if (listPrevious === undefined) this.first = listNext;
    else listPrevious.listNext = listNext;
    if (listNext === undefined) this.last = listPrevious;
    else listNext.listPrevious = listPrevious;
    item.listPrevious = undefined;
    item.listNext = undefined;
    this.size--;
  }
}
