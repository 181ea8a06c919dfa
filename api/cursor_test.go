package api

import (
	"fmt"
	"testing"
)

func TestTrail(t *testing.T) {
	met := newTrail("start")
	for i := range 3 * trailLength {
		if met.visit(Cursor(fmt.Sprint(i))) {
			t.Fatalf("cursor %d is taken for an earlier one", i)
		}
		if got := len(met.young) + len(met.old); got > 2*trailLength {
			t.Fatalf("%d cursors are remembered, want at most %d", got, 2*trailLength)
		}
	}
	if !met.visit(Cursor(fmt.Sprint(2 * trailLength))) {
		t.Error("a cursor as old as the trail is long is not recognized")
	}
	if met.visit("start") {
		t.Error("a cursor twice as old as the trail is long is still remembered")
	}
}
