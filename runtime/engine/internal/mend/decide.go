package mend

// condition is how a database was found.
type condition int

const (
	// absent: no file, or an empty one as a cut leaves it when it was new.
	absent condition = iota
	whole
	damaged
)

// finding is what a look at the files gave.
type finding struct {
	database condition
	// logDamaged: the write-ahead log cannot be read from its start, and holds
	// something.
	logDamaged bool
	// why is for people.
	why string
}

// action is what is done before the database is opened.
type action int

const (
	// leave opens it as it is.
	leave action = iota
	// refuse leaves all as it is, and does not open it.
	refuse
	// setLogAside goes on without the log: the database is whole without it, and
	// newer than any snapshot.
	setLogAside
	// putBack sets the database aside and makes another from the newest good
	// snapshot, else from what can be read of it, else empty.
	putBack
)

// decide says what to do. A database that is gone beside snapshots was there
// once: a check of the file system may have taken it.
func decide(found finding, snapshots bool, policy WhenDamaged) action {
	switch {
	case found.database == absent && !snapshots && !found.logDamaged:
		return leave
	case found.database == whole && !found.logDamaged:
		return leave
	case policy == Stop:
		return refuse
	case found.database == whole:
		return setLogAside
	}
	return putBack
}
