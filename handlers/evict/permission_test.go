package evict_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rekey/deploy/local/keyvault"
	"rekey/deploy/local/stack"
	"rekey/shared/azure/vault"
	"rekey/shared/decide"
	"rekey/shared/remedy"
)

// reading is what Rekey holds for looking, whatever it may change.
var reading = []string{"Application.Read.All", "Directory.Read.All"}

// seen1 is a step of some plan and the kind whose lab it is from.
type seen1 struct {
	lab  string
	step remedy.Step
}

// everyStep collects one step of each kind and permission from the plans of all kinds, and from an undo.
func everyStep(t *testing.T) map[string]seen1 {
	t.Helper()
	out := map[string]seen1{}
	collect := func(name string, p remedy.Plan) {
		for _, s := range p.Steps {
			if key := s.Kind + ": " + s.Permission; out[key].lab == "" {
				out[key] = seen1{name, s}
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(kinds)) {
		if len(kinds[name].refused) > 0 {
			continue
		}
		synctest.Test(t, func(t *testing.T) { collect(name, begin(t, kinds[name]).operation().Plan) })
	}
	for _, of := range []string{undone, undoneContainment} {
		synctest.Test(t, func(t *testing.T) { collect(of, undoing(t, of).operation().Plan) })
	}
	return out
}

// Labs with an undo, of an eviction and of containment alone.
const (
	undone            = "undo of an eviction"
	undoneContainment = "undo of containment"
)

func undoing(t *testing.T, of string) *lab {
	t.Helper()
	k := kinds["whole identity"]
	if of == undoneContainment {
		k = kinds["containment alone"]
	}
	l := begin(t, k)
	l.secrets = &labSecrets{l: l}
	if err := l.toTheEnd(); err != nil {
		t.Fatal(err)
	}
	o := remedy.UndoOptions{Name: everyName(l.diff())}
	if of == undone {
		o.SecretTo = "https://kv.vault.azure.net/x"
	}
	if _, err := l.order(o); err != nil {
		t.Fatal(err)
	}
	return l
}

// alone makes an operation of one step, in a lab in which everything before it was done or, of an undo, was taken back.
func alone(t *testing.T, s seen1) *lab {
	t.Helper()
	var l *lab
	if s.lab == undone || s.lab == undoneContainment {
		l = undoing(t, s.lab)
	} else {
		l = begin(t, kinds[s.lab])
	}
	op := l.operation()
	op.Plan.Steps, op.Progress = []remedy.Step{s.step}, []remedy.Progress{{Step: s.step.ID, Status: remedy.Pending}}
	op.Verdict = decide.Verdict{Mode: decide.ModeEvict}
	approved(t, &op)
	now := time.Now().UTC()
	op.Made = &remedy.Made{DER: theCertificate(), Start: now, End: now.AddDate(0, 3, 0)}
	l.put(op)
	return l
}

// tryWith works on the step with rights beside those of reading, and returns what the journal says of it.
func tryWith(t *testing.T, s seen1, rights []string) (op remedy.Operation, changed bool) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l := alone(t, s)
		l.roles, l.actions = slices.Clone(reading), []string{"*/read"}
		for _, r := range rights {
			if strings.HasPrefix(r, "Microsoft.") {
				l.actions = append(l.actions, r)
			} else {
				l.roles = append(l.roles, r)
			}
		}
		l.unassign()
		l.grant()
		before := len(l.dir.Changes())
		if err := l.toTheEnd(); err != nil {
			t.Fatal(err)
		}
		op, changed = l.operation(), len(l.dir.Changes()) > before
	})
	return op, changed
}

// noGraph are the steps whose permission is a vault's: TestEachVaultRoleIsNeeded looks at them.
var noGraph = []string{remedy.StepCertificate, remedy.StepProve}

func TestEachStepNeedsExactlyThePermissionThatItDeclares(t *testing.T) {
	steps := everyStep(t)
	for _, kind := range remedy.Kinds() {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(steps)), func(k string) bool { return strings.HasPrefix(k, kind+":") }) {
			t.Errorf("no plan of this test has a step of kind %s", kind)
		}
	}
	for name, s := range steps {
		if slices.Contains(noGraph, s.step.Kind) || s.step.Kind == remedy.StepWatch {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			needs := s.step.Permissions()
			op, _ := tryWith(t, s, needs)
			if p := op.Progress[0]; p.Status != remedy.Done || strings.HasPrefix(p.Note, "not done") || op.Failing != "" || len(op.Blocked) > 0 {
				t.Errorf("with %v alone: %s, %q, %s", needs, p.Status, p.Note, op.Reason)
			}
			for i, missing := range needs {
				if slices.Contains(reading, missing) || s.step.Kind == remedy.StepVerify {
					continue // it reads
				}
				op, changed := tryWith(t, s, slices.Delete(slices.Clone(needs), i, i+1))
				if text := op.Reason + op.Progress[0].Note; changed || !strings.Contains(text, missing) {
					t.Errorf("without %s: changed %v, and it says %q", missing, changed, text)
				}
			}
		})
	}
}

func TestEachVaultRoleIsNeededByTheStepThatDeclaresIt(t *testing.T) {
	for kind, role := range map[string]string{remedy.StepCertificate: keyvault.RoleCertificates, remedy.StepProve: keyvault.RoleCrypto} {
		t.Run(kind, func(t *testing.T) {
			others := slices.DeleteFunc([]string{keyvault.RoleCertificates, keyvault.RoleCrypto, "none"}, func(r string) bool { return r == role })
			r := newRig(t, newWorld(t, 0, others...))
			r.real()
			real := r.prove
			r.prove = func(ctx context.Context, appID string, c vault.Certificate) error {
				defer func() { r.ahead += 61 * time.Second }() // nobody waits for it
				return real(ctx, appID, c)
			}
			_ = r.handle(t, "a")
			op := r.operation(t, r.operations)
			at := slices.IndexFunc(op.Plan.Steps, func(s remedy.Step) bool { return s.Kind == kind })
			if p := op.Plan.Steps[at].Permission; p != role {
				t.Errorf("it declares %q", p)
			}
			if op.State != remedy.StateFailed || op.Progress[at].Status == remedy.Done || !strings.Contains(op.Reason, role) {
				t.Errorf("without %s it is %s: %s", role, op.State, op.Reason)
			}
		})
	}
}

// besides are rights that other functions of respond need, and why.
var besides = map[string]string{
	"Policy.Read.All":                    "app management policies, Conditional Access",
	"Policy.ReadWrite.ConditionalAccess": "the policy that blocks at risk",
	"AuditLog.Read.All":                  "suspicious sign-ins are read again before acting alone",
	"AgentIdentity.Read.All":             "which agents live on a blueprint",
}

func TestRespondHoldsWhatItsStepsDeclareAndNothingMore(t *testing.T) {
	want := map[string]bool{}
	for _, p := range reading {
		want[p] = true
	}
	for _, s := range everyStep(t) {
		for _, p := range s.step.Permissions() {
			want[p] = true
		}
	}
	for audience, roles := range stack.Rights() {
		for _, role := range roles {
			if !want[role] && besides[role] == "" {
				t.Errorf("respond holds %s at %s, which no step declares", role, audience)
			}
			delete(want, role)
		}
	}
	for p := range want {
		if !strings.HasPrefix(p, "Microsoft.") { // Azure's actions are given where the resources are
			t.Errorf("a step declares %s, and respond does not hold it", p)
		}
	}
}
