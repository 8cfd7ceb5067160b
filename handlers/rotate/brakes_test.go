package rotate_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"rekey/handlers/operations"
	"rekey/handlers/rotate"
	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/remedy"
	plan "rekey/shared/rotate"
)

func TestTheKillSwitchStopsEverythingAndLettingGoGoesOn(t *testing.T) {
	w := small(t)
	w.opening.Alone = true
	if err := w.instance("one", w.table, func(c *rotate.Config) {
		c.Stopped = func(context.Context) (bool, error) { return true, nil }
	}).Handle(t.Context(), funchost.Message{Text: id}); !errors.Is(err, fault.Limit) {
		t.Fatalf("got %v", err)
	}
	if len(w.changes) > 0 {
		t.Errorf("changed: %v", w.changes)
	}
	w.same(t, w.drive(t, func() error { return w.handle(t, "one") }))
}

func TestWhatIsPutOffLimitsAfterThePlanIsNotTouched(t *testing.T) {
	w := small(t)
	if err := w.handle(t, "one"); err != nil {
		t.Fatal(err)
	}
	w.settings.Never = map[string]string{"vault-00": "frozen"}
	j := w.drive(t, func() error { return w.handle(t, "one") })
	for _, i := range j.Items {
		if i.Kind != plan.OwnerAction && i.Copies[0].Vault == "vault-00" && (i.Status != plan.Parked || !strings.Contains(i.Reason, "frozen")) {
			t.Errorf("%s is %s: %s", i.Key, i.Status, i.Reason)
		}
	}
	for what := range w.changes {
		if strings.Contains(what, "vault-00") || strings.Contains(what, "acct0x0") {
			t.Errorf("%s", what)
		}
	}
}

func TestAMessageIsOnlyARumour(t *testing.T) {
	w := small(t)
	for _, text := range []string{"", "op-" + caseID, "rot-", "rot-none", "rot-a/0000", strings.Repeat("rot-", 200)} {
		if err := w.instance("one", w.table).Handle(t.Context(), funchost.Message{Text: text}); !errors.Is(err, fault.Poison) {
			t.Errorf("%.20q: %v", text, err)
		}
	}
	_, err := operations.Store{Table: w.evictions}.Change(t.Context(), remedy.OperationID(caseID), func(o *remedy.Operation) error {
		o.State = remedy.StateRunning
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.handle(t, "one"); !errors.Is(err, fault.Poison) {
		t.Errorf("an eviction that runs: %v", err)
	}
}
