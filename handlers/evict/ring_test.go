package evict_test

import (
	"slices"
	"testing"

	"rekey/shared/host/funchost"
	"rekey/shared/store/memory"
)

func TestChangedLocksRingForTheRotationOfWhatWasRead(t *testing.T) {
	r := newRig(t, newWorld(t, 0))
	e, bell := r.instance("one"), &memory.Bell{}
	e.Rotate = bell
	for range 2 { // the second message finds nothing to do
		if err := e.Handle(t.Context(), funchost.Message{Text: r.id}); err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{"rot-c" + r.principal.ObjectID}; !slices.Equal(bell.Rung(), want) {
		t.Errorf("rung %v, want %v", bell.Rung(), want)
	}
}
