//go:build !unix

package sandbox_test

import "os"

// peakMemory is 0 where a system does not tell it.
func peakMemory(*os.ProcessState) int64 { return 0 }
