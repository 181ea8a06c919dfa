package sandbox

import "testing"

// BenchmarkEvent makes one event of a generated log after the other.
func BenchmarkEvent(b *testing.B) {
	h, err := Generate(10_000_000, 1).open(home)
	if err != nil {
		b.Fatal(err)
	}
	var buf []byte
	made := 0
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		buf = h.appendEvent(buf[:0], i%h.len())
		made += len(buf)
	}
	b.ReportMetric(float64(made)/float64(b.N), "bytes/event")
}
