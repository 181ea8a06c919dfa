package api

import (
	"fmt"
	"testing"
)

func TestTrail(t *testing.T) {
	met := newTrail()
	for i := range 3 * trailLength {
		if met.visit(Cursor(fmt.Sprint(i))) {
			t.Fatalf("cursor %d is taken for an earlier one", i)
		}
	}
	if got := len(met.seen); got != trailLength {
		t.Errorf("%d cursors are remembered, want %d", got, trailLength)
	}
	if !met.visit(Cursor(fmt.Sprint(2 * trailLength))) {
		t.Error("a cursor as old as the trail is long is not recognized")
	}
	if met.visit(Cursor(fmt.Sprint(2*trailLength - 1))) {
		t.Error("a cursor older than the trail is long is still remembered")
	}
}
