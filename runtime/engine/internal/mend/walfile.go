package mend

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
)

// The header of a write-ahead log (sqlite.org/fileformat2.html, 4.1): magic,
// version, page size, checkpoint, two salts, a checksum of these in two words.
const (
	logHeader   = 32
	logMagic    = 0x377f0682
	logVersion  = 3007000
	checkedPart = 24
)

// logFinding is what a look at a write-ahead log gave.
type logFinding struct {
	// holds: there is more than a header.
	holds bool
	// damaged: its header is none, and is not one that was never written. SQLite
	// flushes the header before anything that counts on it, so that a cut leaves
	// the old or the new one.
	damaged bool
}

func readLog(path string) (_ logFinding, err error) {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return logFinding{}, nil
	}
	if err != nil {
		return logFinding{}, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil {
		return logFinding{}, err
	}
	if info.Size() <= logHeader {
		return logFinding{}, nil
	}
	header := make([]byte, logHeader)
	if _, err := io.ReadFull(file, header); err != nil {
		return logFinding{}, err
	}
	return logFinding{holds: true, damaged: !isHeader(header) && !isZero(header)}, nil
}

func isHeader(header []byte) bool {
	word := func(at int) uint32 { return binary.BigEndian.Uint32(header[at:]) }
	if word(0)&^1 != logMagic || word(4) != logVersion {
		return false
	}
	var order binary.ByteOrder = binary.LittleEndian
	if word(0)&1 == 1 {
		order = binary.BigEndian
	}
	var a, b uint32
	for at := 0; at < checkedPart; at += 8 {
		a += order.Uint32(header[at:]) + b
		b += order.Uint32(header[at+4:]) + a
	}
	return a == word(checkedPart) && b == word(checkedPart+4)
}

func isZero(bytes []byte) bool {
	for _, b := range bytes {
		if b != 0 {
			return false
		}
	}
	return true
}
