package evict_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"rekey/deploy/local/directory"
	"rekey/handlers/operations"
	"rekey/handlers/undo"
	azgraph "rekey/shared/azure/graph"
	"rekey/shared/azure/vault"
	"rekey/shared/decide"
	"rekey/shared/event"
	"rekey/shared/fault"
	"rekey/shared/ledger"
	"rekey/shared/remedy"
)

// order orders an undo of the lab's operation, approves it, and returns it.
func (l *lab) order(o remedy.UndoOptions) (remedy.Operation, error) {
	l.t.Helper()
	g, a := l.clients()
	u := undo.New(undo.Config{Operations: operations.Store{Table: &l.operations}, Bundles: &l.undo, Inventory: l.gather(g, a, true), Now: time.Now})
	op, err := u.Order(l.t.Context(), l.op, o)
	if err != nil || len(op.Plan.Steps) == 0 {
		return op, err
	}
	again, err := u.Order(l.t.Context(), l.op, o)
	if err != nil || again.ID != op.ID {
		l.t.Errorf("ordering it again gave %s after %s (%v)", again.ID, op.ID, err)
	}
	if op.State != remedy.StateAwaitingApproval {
		l.t.Errorf("the undo is %s without anybody's approval", op.State)
	}
	op.Verdict = decide.Verdict{Mode: decide.ModeApprove} // what respond answers for every undo
	approved(l.t, &op)
	l.put(op)
	l.mu.Lock()
	l.requests = nil
	l.mu.Unlock()
	return op, nil
}

func (l *lab) diff() []remedy.Deviation {
	l.t.Helper()
	g, a := l.clients()
	_, diff, err := undo.New(undo.Config{Operations: operations.Store{Table: &l.operations}, Bundles: &l.undo, Inventory: l.gather(g, a, true), Now: time.Now}).Diff(l.t.Context(), l.op)
	if err != nil {
		l.t.Fatal(err)
	}
	return diff
}

// evicted is a lab of the whole identity whose eviction has ended, the tokens of before included.
func evicted(t *testing.T) *lab {
	t.Helper()
	l := begin(t, kinds["whole identity"])
	if err := errors.Join(l.toTheEnd(), l.end(kinds["whole identity"])); err != nil {
		t.Fatal(err)
	}
	return l
}

// content is what is compared after an undo: what was made again has other ids.
func content(o directory.Object) map[string]any {
	for i := range o.Grants {
		o.Grants[i].ID = ""
	}
	for i := range o.AppRoles {
		o.AppRoles[i].ID, o.AppRoles[i].CreatedDateTime = "", time.Time{}
	}
	for i := range o.Roles {
		o.Roles[i].ID = ""
	}
	for i := range o.Federated {
		o.Federated[i].ID = ""
	}
	slices.SortFunc(o.Grants, func(a, b directory.Grant) int { return strings.Compare(a.Scope, b.Scope) })
	slices.SortFunc(o.AppRoles, func(a, b directory.AppRoleAssignment) int { return strings.Compare(a.AppRoleID, b.AppRoleID) })
	slices.SortFunc(o.Roles, func(a, b directory.RoleAssignment) int { return cmp.Compare(a.RoleDefinitionID, b.RoleDefinitionID) })
	o.Risk, o.PasswordCredentials = nil, nil
	return shape(o)
}

// everyName is every id of a diff, which brings back also what is suspect.
func everyName(diff []remedy.Deviation) []string {
	var out []string
	for _, d := range diff {
		if d.Impossible == "" {
			out = append(out, d.ID)
		}
	}
	return out
}

// restoredAll checks that everything is as before the eviction but what cannot come back, and what the eviction added.
func (l *lab) restoredAll(before map[string]directory.Object) error {
	op := l.operation()
	var errs []error
	if op.State != remedy.StateDone {
		errs = append(errs, fmt.Errorf("the undo is %s: %s", op.State, op.Reason))
	}
	evict, _ := json.Marshal(op.Undoes)
	for id, was := range before {
		now := l.dir.Snapshot()[id]
		now.KeyCredentials = slices.DeleteFunc(slices.Clone(now.KeyCredentials), func(k directory.KeyCredential) bool { return string(k.Key) == string(theCertificate()) })
		if diff := gocmp.Diff(content(was), content(now)); diff != "" {
			errs = append(errs, fmt.Errorf("%s after the undo of %s (-want +got):\n%s", id, evict, diff))
		}
	}
	rec, err := ledger.Open(context.Background(), &l.ledger, op.ID)
	if err != nil {
		return err
	}
	if open := ledger.Unanswered(rec.Entries()); len(open) > 0 {
		errs = append(errs, fmt.Errorf("in the ledger without a result: %v", open))
	}
	for _, s := range op.Plan.Steps {
		for _, i := range s.Items {
			if !slices.ContainsFunc(rec.Entries(), func(e ledger.Entry) bool { return slices.Contains(e.Added, i.ID) || e.Step == s.ID }) {
				errs = append(errs, fmt.Errorf("the ledger does not say that %s came back", i.ID))
			}
		}
	}
	_, a := l.clients()
	v, errV := a.Vault(context.Background(), kvID)
	list, errA := a.AssignmentsAt(context.Background(), kvID)
	if len(v.Of(victimID)) != 1 || !slices.Equal(v.Of(victimID)[0].Secrets, []string{"Get", "list"}) {
		errs = append(errs, fmt.Errorf("access policies %+v", v.Policies))
	}
	held := 0
	for _, x := range list {
		if x.PrincipalID == victimID {
			held++
		}
	}
	if held != 1 {
		errs = append(errs, fmt.Errorf("%d role assignments", held))
	}
	return errors.Join(append(errs, errV, errA)...)
}

func TestUndoBringsBackEverythingThatIsNamedWhereverTheProcessEnds(t *testing.T) {
	moments := 0
	for at := 1; ; at++ {
		e := afterChange(at)
		synctest.Test(t, func(t *testing.T) {
			l := evicted(t)
			before := l.seed
			diff := l.diff()
			if _, err := l.order(remedy.UndoOptions{Name: everyName(diff), By: "dana"}); err != nil {
				t.Fatal(err)
			}
			l.untilEnded(e)
			if err := errors.Join(l.toTheEnd(), l.restoredAll(before)); err != nil {
				t.Errorf("ended after change %d (%s): %v", at, e.name, err)
			}
		})
		if !e.dead || t.Failed() {
			break
		}
		moments++
	}
	t.Logf("the process was ended at %d moments", moments)
}

func TestUndoSkipsWhatWasAddedInTheWindowUnlessItIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := evicted(t)
		skipped, back, never := map[string]string{}, []string{}, []string{}
		for _, d := range l.diff() {
			switch {
			case d.Impossible != "":
				never = append(never, d.ID)
			case d.Skipped != "":
				skipped[d.ID] = d.Skipped
			default:
				back = append(back, d.ID)
			}
			if d.Text() == "" {
				t.Error("a difference without a text")
			}
		}
		for _, id := range []string{"eve", "https://billing.example/cb", "g-evil", "dr-evil", "ra-evil"} {
			if !strings.Contains(skipped[id], "window") {
				t.Errorf("%s, added in the window, is skipped for %q", id, skipped[id])
			}
		}
		for _, id := range []string{"appcert", "sp1cert", "fic"} {
			if !slices.Contains(back, id) {
				t.Errorf("%s does not come back: %v", id, back)
			}
		}
		for _, id := range []string{"stolen", "other", "sp1secret"} {
			if !slices.Contains(never, id) {
				t.Errorf("client secret %s would come back", id)
			}
		}
		op, err := l.order(remedy.UndoOptions{Only: []string{"fic"}, By: "dana"})
		if err != nil {
			t.Fatal(err)
		}
		if kinds := kindsOf(op.Plan); kinds != "snapshot restoreFederated" {
			t.Errorf("only fic: %s", kinds)
		}
		if err := l.toTheEnd(); err != nil {
			t.Fatal(err)
		}
		app, _ := l.dir.Get(directory.Applications, "appobj")
		if len(app.Federated) != 1 || app.Federated[0].Description != "of fic" || len(app.KeyCredentials) != 1 || len(app.Owners) != 1 {
			t.Errorf("after the undo of one: %+v", app)
		}
		if _, err := l.orderOf("op-c1", remedy.UndoOptions{Only: []string{"fik"}}); !errors.Is(err, fault.Poison) {
			t.Errorf("a misspelt id: %v", err)
		}
	})
}

func (l *lab) orderOf(id string, o remedy.UndoOptions) (remedy.Operation, error) {
	l.op = id
	return l.order(o)
}

func kindsOf(p remedy.Plan) string {
	var out []string
	for _, s := range p.Steps {
		out = append(out, s.Kind)
	}
	return strings.Join(out, " ")
}

func TestTokensOfBeforeAreOutlivedBeforeVaultAccessComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := kinds["containment alone"]
		l := begin(t, k)
		if err := l.toTheEnd(); err != nil {
			t.Fatal(err)
		}
		late := func() (n int) {
			for _, d := range l.diff() {
				if strings.Contains(d.Skipped, "tokens issued before") {
					n++
				}
			}
			return n
		}
		if n := late(); n != 4 {
			t.Errorf("right after it, %d ways into vaults wait for tokens to end, want 4", n)
		}
		time.Sleep(2 * time.Hour)
		if n := late(); n != 0 {
			t.Errorf("two hours later %d still wait", n)
		}
		if _, err := l.order(remedy.UndoOptions{By: "dana"}); err != nil {
			t.Fatal(err)
		}
		before := l.seed
		if err := errors.Join(l.toTheEnd(), l.restoredAll(before)); err != nil {
			t.Error(err)
		}
	})
}

func TestAnUndoEndsTheDaysOfWatching(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := begin(t, kinds["whole identity"])
		if err := l.handle(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		if op := l.operation(); !op.Watching() {
			t.Fatalf("it is %s", op.State)
		}
		time.Sleep(2 * time.Hour)
		evicted := l.op
		op, err := l.order(remedy.UndoOptions{Only: []string{"appcert"}, By: "dana"})
		if err != nil {
			t.Fatal(err)
		}
		if err := l.toTheEnd(); err != nil {
			t.Fatal(err)
		}
		if op = l.operation(); op.State != remedy.StateDone {
			t.Errorf("the undo is %s: %s", op.State, op.Reason)
		}
		l.op = evicted
		op = l.operation()
		if op.State != remedy.StateDone || !strings.Contains(op.Progress[len(op.Progress)-1].Note, "taken back") {
			t.Errorf("the eviction is %s: %+v", op.State, op.Progress[len(op.Progress)-1])
		}
		app, _ := l.dir.Get(directory.Applications, "appobj")
		if len(app.KeyCredentials) != 2 {
			t.Errorf("%d certificates, want the new one and the one that came back", len(app.KeyCredentials))
		}
	})
}

// labSecrets is a vault's secrets.
type labSecrets struct {
	l        *lab
	versions []vault.Secret
	texts    []string
}

func (s *labSecrets) Versions(context.Context, string) (out []vault.Secret, err error) {
	err = s.l.access("read versions", false, func() error { out = slices.Clone(s.versions); return nil })
	return out, err
}

func (s *labSecrets) Set(_ context.Context, name string, secret azgraph.Secret, tags map[string]string, _ time.Time) error {
	return s.l.access("store secret", true, func() error {
		s.versions, s.texts = append(s.versions, vault.Secret{Name: name, Tags: tags}), append(s.texts, secret.Text)
		return nil
	})
}

func TestAnEmergencySecretIsInTheVaultAndNowhereElseWhereverTheProcessEnds(t *testing.T) {
	for at := 1; ; at++ {
		e := afterChange(at)
		synctest.Test(t, func(t *testing.T) {
			l := begin(t, kinds["credentials alone"])
			if err := l.toTheEnd(); err != nil {
				t.Fatal(err)
			}
			l.secrets = &labSecrets{l: l}
			const to = "https://shop-kv.vault.azure.net/billing"
			if _, err := l.order(remedy.UndoOptions{Only: []string{"fic"}, SecretTo: to, By: "dana"}); err != nil {
				t.Fatal(err)
			}
			l.untilEnded(e)
			if err := l.toTheEnd(); err != nil {
				t.Fatal(err)
			}
			op := l.operation()
			app, _ := l.dir.Get(directory.Applications, "appobj")
			if op.State != remedy.StateDone || len(app.PasswordCredentials) != 1 || len(l.secrets.versions) != 1 {
				t.Fatalf("ended after change %d (%s): %s %s, client secrets %+v, in the vault %d", at, e.name, op.State, op.Reason, app.PasswordCredentials, len(l.secrets.versions))
			}
			p := app.PasswordCredentials[0]
			if p.Digest != directory.Digest(l.secrets.texts[0]) || time.Until(p.EndDateTime) > 24*time.Hour {
				t.Errorf("ended after change %d (%s): the vault has another secret than the application, or it lives until %s", at, e.name, p.EndDateTime)
			}
			journal, _ := json.Marshal(op)
			record, _ := l.ledger.Read(context.Background(), op.ID+ledger.Suffix)
			if strings.Contains(string(journal)+string(record), l.secrets.texts[0]) {
				t.Error("the secret's text is in the journal or the ledger")
			}
		})
		if !e.dead || t.Failed() {
			return
		}
	}
}

func TestWhatUndoRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := begin(t, kinds["credentials alone"])
		if _, err := l.order(remedy.UndoOptions{}); !errors.Is(err, fault.Denied) {
			t.Errorf("an operation at work: %v", err)
		}
		if err := l.toTheEnd(); err != nil {
			t.Fatal(err)
		}
		for _, to := range []string{"kv/billing", "https://kv.vault.azure.net/", "https:///x", "http://kv/x"} {
			if _, err := l.order(remedy.UndoOptions{SecretTo: to}); !errors.Is(err, fault.Poison) {
				t.Errorf("a secret to %q: %v", to, err)
			}
		}
		if err := l.dir.Delete(directory.Applications, "appobj", "adam"); err != nil {
			t.Fatal(err)
		}
		var says string
		for _, d := range l.diff() {
			if d.Type == "object" {
				says = d.Impossible
			}
		}
		if !strings.Contains(says, "deleted items") {
			t.Errorf("of an application that was deleted it says %q", says)
		}
		l.op = "op-none"
		g, a := l.clients()
		u := undo.New(undo.Config{Operations: operations.Store{Table: &l.operations}, Bundles: &l.undo, Inventory: func(ctx context.Context, p event.Principal) (remedy.Inventory, error) {
			return l.gather(g, a, true)(ctx, p)
		}, Now: time.Now})
		if _, _, err := u.Diff(t.Context(), "op-none"); !errors.Is(err, fault.NotFound) {
			t.Errorf("an operation that is not there: %v", err)
		}
	})
}
