// Package guard ends a program that a document has led astray. Documents are checked before the libraries get them; this
// is for what no check foresees.
package guard

import (
	"fmt"
	"os"
	"runtime"
	"time"
)

// The most that the comparison of two documents may take. The largest documents that are taken need a tenth of it.
const (
	maxTime   = 2 * time.Minute
	maxMemory = 2 << 30 // bytes of heap
)

// Start watches over the program from now on, until the function that it returns is called. Past a bound the program ends
// with status 1 and a line that says so.
func Start(program string) (stop func()) {
	done := make(chan struct{})
	go func() {
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		deadline := time.Now().Add(maxTime)
		for {
			select {
			case <-done:
				return
			case now := <-tick.C:
				var memory runtime.MemStats
				runtime.ReadMemStats(&memory)
				if now.After(deadline) || memory.HeapAlloc > maxMemory {
					fmt.Fprintf(os.Stderr, "%s: the document takes more than %v or %d MiB to compare; it is refused\n", program, maxTime, maxMemory>>20)
					os.Exit(1)
				}
			}
		}
	}()
	return func() { close(done) }
}
