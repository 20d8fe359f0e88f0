package durable

import "sync"

// slack is how many revisions may be handed out before they are on the disk,
// and so how many are left out at each start: see [skip].
const slack = 1000

// revisions knows which revisions are on the disk, and lets nobody see one that
// may still be lost.
//
// A strict insert is under way from before its commit until its flush, so
// whoever has read the commit of one finds it under way, or on the disk.
type revisions struct {
	mutex sync.Mutex
	moved *sync.Cond
	// flush flushes SQLite's log.
	flush func() error

	// durable: every revision up to here is on the disk.
	durable int64
	// committed: every revision up to here is in the log, flushed or not.
	committed int64
	// finished is the highest revision of an insert that has returned.
	finished int64
	// shown is the highest revision that watchers may have seen.
	shown int64

	// strict are the strict inserts under way, by their number.
	strict map[uint64]struct{}
	number uint64

	// begun and done count flushes.
	begun, done uint64

	// failure is why nothing is acknowledged any more.
	failure error
	failed  chan struct{}
}

// newRevisions begins with a database of which everything is on the disk.
func newRevisions(current int64, flush func() error) *revisions {
	r := &revisions{
		flush: flush, durable: current, committed: current, finished: current, shown: current,
		strict: map[uint64]struct{}{}, failed: make(chan struct{}),
	}
	r.moved = sync.NewCond(&r.mutex)
	return r
}

// begin is told of a strict insert before it is made; end takes the number.
func (r *revisions) begin() uint64 {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.number++
	r.strict[r.number] = struct{}{}
	return r.number
}

// end returns when the revision that the insert made is on the disk.
func (r *revisions) end(number uint64, revision int64) error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	err := r.flushTo(revision)
	r.finished = max(r.finished, revision)
	r.leave(number)
	return err
}

// endUnknown is the end of an insert that failed in a way that leaves open
// whether it was committed.
func (r *revisions) endUnknown(number uint64) error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	next := r.begun + 1
	err := r.flushUntil(func() bool { return r.done >= next })
	r.leave(number)
	return err
}

// endUnmade is the end of an insert that made nothing.
func (r *revisions) endUnmade(number uint64) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.leave(number)
}

func (r *revisions) leave(number uint64) {
	delete(r.strict, number)
	r.moved.Broadcast()
}

// lazy is told of an insert that need not be flushed. It waits only when too
// many of them are not on the disk yet.
func (r *revisions) lazy(revision int64) error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.committed = max(r.committed, revision)
	err := r.bounded(revision)
	r.finished = max(r.finished, revision)
	return err
}

func (r *revisions) bounded(revision int64) error {
	if revision <= r.durable+slack {
		return r.failure
	}
	return r.flushTo(revision)
}

// settle returns when nothing that a finished read has seen can be lost.
// whole says that the read gave the revision of all that it saw.
func (r *revisions) settle(revision int64, whole bool) error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if whole && revision <= r.durable {
		return r.failure
	}
	last := r.number
	for r.failure == nil && r.underWay(last) {
		r.moved.Wait()
	}
	return r.bounded(revision)
}

// underWay says whether a strict insert up to that number is.
func (r *revisions) underWay(last uint64) bool {
	for number := range r.strict {
		if number <= last {
			return true
		}
	}
	return false
}

// bound is the highest revision that watchers may see. It never falls.
func (r *revisions) bound() int64 {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.shown = max(r.shown, r.durable)
	if len(r.strict) == 0 {
		// A strict insert that begins now gets a higher one: SQLite has one
		// writer at a time, and counts upwards.
		r.shown = max(r.shown, r.finished)
	}
	return r.shown
}

// flushTo returns when the revision, which is in the log, is on the disk.
func (r *revisions) flushTo(revision int64) error {
	r.committed = max(r.committed, revision)
	return r.flushUntil(func() bool { return r.durable >= revision })
}

// flushUntil flushes, or waits for whoever does, until enough is done. All that
// was committed before a flush began is served by it.
func (r *revisions) flushUntil(enough func() bool) error {
	for r.failure == nil && !enough() {
		if r.begun > r.done {
			r.moved.Wait()
			continue
		}
		r.begun++
		upTo := r.committed
		r.mutex.Unlock()
		err := r.flush()
		r.mutex.Lock()
		r.done++
		if err != nil {
			// What the kernel could not write it may drop: no later flush says
			// anything about it.
			r.failure = err
			close(r.failed)
		} else {
			r.durable = max(r.durable, upTo)
		}
		r.moved.Broadcast()
	}
	return r.failure
}
