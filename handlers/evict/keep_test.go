package evict_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"rekey/deploy/local/directory"
	"rekey/shared/casefile"
	"rekey/shared/decide"
	"rekey/shared/remedy"
)

// replan replaces the rig's operation by one of other options.
func (r *rig) replan(t *testing.T, options remedy.Options) {
	t.Helper()
	inv, err := r.inventory(t.Context(), r.principal)
	if err != nil {
		t.Fatal(err)
	}
	c := casefile.Case{ID: "c" + r.principal.ObjectID, Principal: r.principal, Window: casefile.Window{From: time.Now().Add(-24 * time.Hour), To: time.Now()}}
	op := remedy.OpenPlan(remedy.Build(remedy.Input{Inventory: inv, Case: c, Options: options}), c, decide.Verdict{Mode: decide.ModeEvict}, time.Now())
	row, err := r.operations.Get(t.Context(), remedy.Partition, r.id)
	if err != nil {
		t.Fatal(err)
	}
	if row.Data, err = json.Marshal(op); err != nil {
		t.Fatal(err)
	}
	if _, err := r.operations.Put(t.Context(), row); err != nil {
		t.Fatal(err)
	}
}

func TestWhatAPersonDecidedToKeepStaysAndNothingElseDoes(t *testing.T) {
	w := newWorld(t, 0)
	r := newRig(t, w)
	n := strings.TrimPrefix(r.principal.ObjectID, "sp-")
	r.replan(t, remedy.Options{Edits: []remedy.Edit{
		{ID: "other-" + n, Keep: true, Why: "the till uses it", By: "u-dana"}, {ID: "fic-" + n, Keep: true, Why: "the pipeline uses it", By: "u-dana"},
	}})
	// An intruder adds a secret under an id that stays, on the other object.
	err := w.cloud.Directory.Update(directory.ServicePrincipals, r.principal.ObjectID, "intruder", "addPassword", func(o *directory.Object) error {
		o.PasswordCredentials = append(o.PasswordCredentials, directory.PasswordCredential{KeyID: "other-" + n, EndDateTime: time.Now().AddDate(1, 0, 0)})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.handle(t, "a"); err != nil {
		t.Fatal(err)
	}
	op := r.operation(t, r.operations)
	want := []string{"obj-" + n + "/" + op.NewKeyID, "obj-" + n + "/fic-" + n, "obj-" + n + "/other-" + n}
	got := r.credentials()
	slices.Sort(got)
	slices.Sort(want)
	if op.State != remedy.StateDone || !slices.Equal(got, want) {
		t.Errorf("%s (%s) with %v, want %v", op.State, op.Reason, got, want)
	}
}
