// Package heap keeps small what a process holds of the kernel's memory.
package heap

import (
	"context"
	"runtime/debug"
	"time"
)

// GiveBack gives what the heap has unused to the kernel, every so often until
// ctx ends. A start leaves some ten megabytes, of which Go would keep most: it
// gives back only what is a tenth above the size that it lets the heap grow to.
// From the first time on the collector has the settled percentage, if any.
func GiveBack(ctx context.Context, every time.Duration, settledPercent *int) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if settledPercent != nil {
				debug.SetGCPercent(*settledPercent)
			}
			debug.FreeOSMemory()
		}
	}
}
