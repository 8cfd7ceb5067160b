package evict_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"rekey/deploy/local/directory"
	azarm "rekey/shared/azure/arm"
	"rekey/shared/ledger"
	"rekey/shared/remedy"
)

// begin makes a lab of a kind with its operation.
func begin(t *testing.T, k kind) *lab {
	t.Helper()
	l := newLab(t, k.graph)
	k.seed(l)
	var facts remedy.Facts
	if k.facts != nil {
		facts = k.facts(l)
	}
	mode := k.mode
	if mode == "" {
		mode = "evict"
	}
	l.plan(facts, k.options, mode, k.suspects...)
	return l
}

// rings is how often a queue and sweep ring for an operation before the test calls it stuck.
const rings = 40

// toTheEnd works on the operation with one instance after the other, as the queue and sweep bring it, until it has ended.
func (l *lab) toTheEnd() error {
	var last error
	for n := range rings {
		last = l.handle(l.t.Context(), fmt.Sprint("instance-", n))
		switch op := l.operation(); {
		case op.Watching() && last == nil:
			time.Sleep(8 * 24 * time.Hour)
		case !op.Due() && !op.Watching():
			return nil
		default:
			time.Sleep(2 * time.Minute) // the lease has run out, and sweep rings
		}
	}
	return fmt.Errorf("it has not ended after %d rings: %w", rings, last)
}

// end checks how every operation has to end, whatever happened on the way.
func (l *lab) end(k kind) error {
	op := l.operation()
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if op.State != k.want {
		bad("the operation is %s: %s; want %s", op.State, op.Reason, k.want)
	}
	if op.Lease.Owner != "" {
		bad("the lease is still held")
	}
	for _, p := range op.Progress {
		if p.Status == remedy.Started || p.Status == remedy.Pending && k.want == remedy.StateDone {
			bad("step %s is %s in the journal", p.Step, p.Status)
		}
	}
	removed, err := l.ledgerOf(op)
	errs = append(errs, err, l.bundled(op))
	after := l.dir.Snapshot()
	for id := range after {
		if _, ok := l.seed[id]; !ok {
			bad("%s was not there before", id)
		}
	}
	for id, was := range l.seed {
		now, ok := after[id]
		if !ok {
			bad("%s is gone", id)
			continue
		}
		want := l.expected(op, k, was)
		gone := append(missing(was, now), missing(addedTo(l, id), now)...)
		for _, c := range gone {
			if !slices.Contains(removed, c) {
				bad("the ledger does not say that %s of %s was removed", c, id)
			}
		}
		if diff := cmp.Diff(shape(want), shape(now)); diff != "" {
			bad("%s (-want +got):\n%s", id, diff)
		}
	}
	errs = append(errs, l.azureEnds(op, k))
	adds := slices.ContainsFunc(op.Plan.Steps, func(s remedy.Step) bool { return s.Kind == remedy.StepCertificate }) && k.mode != "contain"
	if n := len(l.vault.made); n > 1 || adds != (n == 1) {
		bad("%d certificates were made", n)
	}
	return errors.Join(errs...)
}

// azureEnds checks that in Azure what the plan names is gone, and nothing else.
func (l *lab) azureEnds(op remedy.Operation, k kind) error {
	l.actions = []string{"*"}
	l.grant()
	_, a := l.clients()
	var errs []error
	goes := map[string]bool{}
	for _, s := range op.Plan.Steps {
		for _, i := range s.Items {
			goes[s.Kind+" "+i.ID] = k.mode != "contain" || s.Contains()
		}
	}
	if l.arm.VaultURI(kvID) != "" {
		list, err := a.AssignmentsAt(context.Background(), kvID)
		v, errV := a.Vault(context.Background(), kvID)
		errs = append(errs, err, errV)
		for name, who := range map[string]string{"a": victimID, "b": "payroll-sp"} {
			id := kvID + "/providers/Microsoft.Authorization/roleAssignments/aaaaaaaa-0000-4000-8000-00000000000" + name
			there := slices.ContainsFunc(list, func(x azarm.Assignment) bool { return strings.EqualFold(x.ID, id) })
			if there == goes[remedy.StepRemoveAzureRoles+" "+id] {
				errs = append(errs, fmt.Errorf("the role assignment of %s is there: %v", who, there))
			}
			if there := len(v.Of(who)) > 0; !v.RBAC && there == (who == victimID && goes[remedy.StepRemoveVaultPolicies+" "+kvID]) {
				errs = append(errs, fmt.Errorf("the access policy of %s is there: %v", who, there))
			}
		}
	}
	if goes[remedy.StepDetach+" "+vmID] && len(l.arm.Attached(vmID)) > 0 {
		errs = append(errs, errors.New("the identity is still attached"))
	}
	for _, s := range op.Plan.Steps {
		if s.Kind == remedy.StepRemoveManagedFederated {
			if left, err := a.Federated(context.Background(), miID); err != nil || len(left) > 0 {
				errs = append(errs, fmt.Errorf("federated credentials of the managed identity: %v, %v", left, err))
			}
		}
	}
	return errors.Join(errs...)
}

// addedTo is an object with what intruders added to it meanwhile and only a removal of its own takes away. A certificate that
// is added between the read of a list and its replacement goes with it, and nobody has seen it.
func addedTo(l *lab, id string) directory.Object {
	l.mu.Lock()
	defer l.mu.Unlock()
	o := l.intruded[id]
	o.KeyCredentials = nil
	return o
}

// missing lists the credentials of an object that another state of it does not have.
func missing(was, now directory.Object) []string {
	have, out := credentialsOf(now), []string{}
	for _, c := range credentialsOf(was) {
		if !slices.Contains(have, c) {
			_, id, _ := strings.Cut(c, " ")
			out = append(out, id)
		}
	}
	return out
}

// credentialsOf lists an object's, keys with their certificates' thumbprints: whoever adds one chooses its id.
func credentialsOf(o directory.Object) []string {
	out := []string{}
	for _, k := range o.KeyCredentials {
		out = append(out, "key "+k.KeyID)
	}
	for _, p := range o.PasswordCredentials {
		out = append(out, "secret "+p.KeyID)
	}
	for _, f := range o.Federated {
		out = append(out, "federated "+f.ID)
	}
	return out
}

// shape is what is compared of an object.
func shape(o directory.Object) map[string]any {
	o.CreatedDateTime = time.Time{}
	if o.Risk != nil {
		o.Risk = &directory.Risk{State: o.Risk.State}
	}
	b, _ := json.Marshal(o)
	var out map[string]any
	_ = json.Unmarshal(b, &out)
	keys := []string{}
	for _, k := range o.KeyCredentials {
		keys = append(keys, fmt.Sprintf("%s %s %x %s", k.KeyID, k.Usage, k.Key[len(k.Key)-6:], k.EndDateTime.Sub(k.StartDateTime)))
	}
	slices.Sort(keys)
	out["keyCredentials"] = keys
	for _, list := range []string{"owners", "members"} {
		if l, ok := out[list].([]any); ok {
			slices.SortFunc(l, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		}
	}
	for name, v := range out {
		if l, ok := v.([]any); ok && len(l) == 0 || v == nil {
			delete(out, name)
		} else if s, ok := v.([]string); ok && len(s) == 0 {
			delete(out, name)
		}
	}
	return out
}

// expected is an object as the plan wants it in the end.
func (l *lab) expected(op remedy.Operation, k kind, o directory.Object) directory.Object {
	kept := func(kind, id string) bool {
		return slices.ContainsFunc(op.Plan.Kept, func(x remedy.Kept) bool { return x.Object == o.ID && x.Type == kind && x.KeyID == id })
	}
	inScope := slices.Contains(op.Plan.Scope, remedy.Act{Object: o.ID, Kind: "credentials"}) && k.mode != "contain"
	refused := func(kind string) bool { return slices.Contains(k.refused, kind) }
	if inScope {
		if !refused(remedy.StepReplaceKeys) {
			o.KeyCredentials = slices.DeleteFunc(slices.Clone(o.KeyCredentials), func(c directory.KeyCredential) bool { return !kept(remedy.TypeKey, c.KeyID) })
		}
		if !refused(remedy.StepRemovePasswords) {
			o.PasswordCredentials = slices.DeleteFunc(slices.Clone(o.PasswordCredentials), func(c directory.PasswordCredential) bool { return !kept(remedy.TypePassword, c.KeyID) })
		}
		o.Federated = slices.DeleteFunc(slices.Clone(o.Federated), func(c directory.Federated) bool { return !kept(remedy.TypeFederated, c.ID) })
	}
	for _, s := range op.Plan.Steps {
		if k.mode == "contain" && !s.Contains() {
			break
		}
		l.apply(op, k, s, &o)
	}
	o.AccountEnabled = o.AccountEnabled && !slices.Contains(k.disabled, o.ID)
	return o
}

// apply does to an object as it was what a step is to do.
func (l *lab) apply(op remedy.Operation, k kind, s remedy.Step, o *directory.Object) {
	item := func(kind, id string) bool {
		return slices.ContainsFunc(s.Items, func(i remedy.Item) bool { return i.ID == id && (kind == "" || i.Kind == kind) })
	}
	if s.Kind == remedy.StepRemoveMemberships && item("", o.ID) {
		o.Members = slices.DeleteFunc(slices.Clone(o.Members), func(m string) bool { return m == s.Object })
	}
	if s.Object != o.ID || slices.Contains(k.refused, s.Kind) {
		return
	}
	switch s.Kind {
	case remedy.StepReplaceKeys:
		if s.ObjectKind == remedy.KindApplication {
			c := l.vault.made[op.Certificate]
			end := c.End
			if k.life != 0 {
				end = c.Start.Add(k.life)
			}
			if most := c.Start.Add(90 * 24 * time.Hour); most.Before(end) {
				end = most
			}
			key := directory.KeyCredential{KeyID: op.NewKeyID, Usage: "Verify", Key: theCertificate(), StartDateTime: c.Start, EndDateTime: end}
			o.KeyCredentials = append(slices.Clone(o.KeyCredentials), key)
		}
	case remedy.StepConfirm:
		o.Risk = &directory.Risk{State: "confirmedCompromised"}
	case remedy.StepDismiss:
		if op.Shut() == "" {
			o.Risk = &directory.Risk{State: "dismissed"}
		}
	case remedy.StepRemoveOwners:
		o.Owners = slices.DeleteFunc(slices.Clone(o.Owners), func(w string) bool { return item("", w) })
	case remedy.StepRemoveRedirects:
		o.SPA.RedirectURIs = slices.DeleteFunc(slices.Clone(o.SPA.RedirectURIs), func(u string) bool { return item("spa", u) })
	case remedy.StepRemoveGrants:
		o.Grants = slices.DeleteFunc(slices.Clone(o.Grants), func(g directory.Grant) bool { return item("", g.ID) })
	case remedy.StepRemoveAppRoles:
		o.AppRoles = slices.DeleteFunc(slices.Clone(o.AppRoles), func(a directory.AppRoleAssignment) bool { return item("", a.ID) })
	case remedy.StepRemoveDirectoryRoles:
		o.Roles = slices.DeleteFunc(slices.Clone(o.Roles), func(a directory.RoleAssignment) bool { return item("", a.ID) })
	case remedy.StepRemovePlanted:
		o.KeyCredentials = slices.DeleteFunc(slices.Clone(o.KeyCredentials), func(c directory.KeyCredential) bool { return item(remedy.TypeKey, c.KeyID) })
		o.PasswordCredentials = slices.DeleteFunc(slices.Clone(o.PasswordCredentials), func(c directory.PasswordCredential) bool { return item(remedy.TypePassword, c.KeyID) })
		o.Federated = slices.DeleteFunc(slices.Clone(o.Federated), func(c directory.Federated) bool { return item(remedy.TypeFederated, c.ID) })
	}
}

// ledgerOf checks the record: its chain, that everything has a result, and that a change of the world has an intent before
// it. It returns everything that was removed.
func (l *lab) ledgerOf(op remedy.Operation) ([]string, error) {
	rec, err := ledger.Open(context.Background(), &l.ledger, op.ID)
	if err != nil {
		return nil, err
	}
	var errs []error
	if open := ledger.Unanswered(rec.Entries()); len(open) > 0 {
		errs = append(errs, fmt.Errorf("in the ledger without a result: %v", open))
	}
	var removed []string
	added := 0
	for _, e := range rec.Entries() {
		removed = append(removed, e.Removed...)
		if slices.Contains(e.Added, op.NewKeyID) {
			added++
		}
	}
	want := slices.ContainsFunc(op.Plan.Steps, func(s remedy.Step) bool {
		return s.Kind == remedy.StepReplaceKeys && s.ObjectKind == remedy.KindApplication
	}) && op.Verdict.Mode != "contain"
	if want && added == 0 {
		errs = append(errs, errors.New("the ledger does not say that the new certificate was added"))
	}
	return removed, errors.Join(errs...)
}

// bundled checks that everything of the plan's objects was saved before the first change.
func (l *lab) bundled(op remedy.Operation) error {
	data, err := l.undo.Read(context.Background(), remedy.BundleName(op.ID))
	if err != nil {
		return err
	}
	b, err := remedy.ReadBundle(data)
	if err != nil {
		return err
	}
	var errs []error
	for _, id := range op.Plan.Keeping.Objects {
		was, ok := b.Find(id)
		if !ok {
			errs = append(errs, fmt.Errorf("%s is not in the bundle", id))
			continue
		}
		for _, k := range l.seed[id].KeyCredentials {
			if !slices.ContainsFunc(was.Keys, func(x remedy.Key) bool { return x.KeyID == k.KeyID }) {
				errs = append(errs, fmt.Errorf("certificate %s is not in the bundle", k.KeyID))
			}
		}
		if was.Enabled != l.seed[id].AccountEnabled {
			errs = append(errs, fmt.Errorf("the bundle says that %s was enabled: %v", id, was.Enabled))
		}
	}
	return errors.Join(errs...)
}

func TestEveryKindOfPlanEndsAsItSays(t *testing.T) {
	for name, k := range kinds {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := begin(t, k)
				err := l.toTheEnd()
				if err := errors.Join(err, l.end(k)); err != nil {
					t.Error(err)
				}
				if t.Failed() {
					t.Log(l.operation().Plan.Text())
				}
			})
		})
	}
}
