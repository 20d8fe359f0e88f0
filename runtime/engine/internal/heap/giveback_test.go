package heap

import (
	"context"
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

// kept is how many bytes the process holds of the kernel's without use.
func kept() uint64 {
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return memory.HeapIdle - memory.HeapReleased
}

func TestUnusedMemoryIsGivenBack(t *testing.T) {
	const size = 64 << 20
	before := debug.SetGCPercent(100)
	defer debug.SetGCPercent(before)
	start := make([][]byte, 0, size>>10)
	for range size >> 10 {
		start = append(start, make([]byte, 1<<10))
	}
	runtime.KeepAlive(start)
	runtime.GC()
	if kept() < size/2 {
		t.Fatalf("only %d bytes are unused before anything is given back", kept())
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	percent := 70
	go GiveBack(ctx, time.Millisecond, &percent)
	for kept() > size/8 {
		if ctx.Err() != nil {
			t.Fatal("nothing was given back")
		}
		time.Sleep(time.Millisecond)
	}
	stop()
	if got := debug.SetGCPercent(100); got != percent {
		t.Errorf("the percentage is %d, not the settled one", got)
	}
}
