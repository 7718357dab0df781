// epochs.js: which epochs are one. A gateway that cannot go on with its store begins another epoch, and says in its status
// whose numbers that goes on with: an alarm of the same id is then the same alarm, under a name that a screen knows already.

const MOST = 64; // a gateway has another one now and then, in years

export class Epochs {
  #names = new Map(); // epoch → the name that this screen knows its alarms by

  /** The name that alarms of this epoch bear here. */
  nameOf(epoch) {
    if (!this.#names.has(epoch)) this.#set(epoch, epoch);
    return this.#names.get(epoch);
  }

  /** `epoch` goes on with the numbers of `before`. What a screen has heard of first gives the name. */
  follow(epoch, before) {
    if (before === null || before === epoch) return;
    if (this.#names.has(before) || !this.#names.has(epoch)) this.#set(epoch, this.nameOf(before));
    else this.#set(before, this.nameOf(epoch));
  }

  #set(epoch, name) {
    this.#names.delete(epoch);
    this.#names.set(epoch, name);
    if (this.#names.size > MOST) this.#names.delete(this.#names.keys().next().value);
  }
}
