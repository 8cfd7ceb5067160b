package remedy

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"rekey/shared/decide"
	"rekey/shared/fault"
)

// Kinds of step that put something back, in the order in which it is done: what opens doors comes last. Each looks for what
// is there by its content, because what is made again has another id; repeating it changes nothing.
const (
	StepRestoreRedirects      = "restoreRedirectUris"
	StepRestoreOwners         = "restoreOwners"
	StepRestoreMemberships    = "restoreMemberships"
	StepRestoreGrants         = "restoreGrants"
	StepRestoreAppRoles       = "restoreAppRoles"
	StepRestoreDirectoryRoles = "restoreDirectoryRoles"
	StepRestoreAzureRoles     = "restoreAzureRoles"
	StepRestoreVaultPolicies  = "restoreVaultPolicies"
	StepRestoreFederated      = "restoreFederated"
	StepRestoreKeys           = "restoreKeys"
	// StepIssueSecret makes a client secret for Hours and stores it in the vault in Items (its address and the secret's name),
	// for a workload that knows no certificates. Done when the vault has it; one that was made and did not get there is
	// removed, because nobody has its text.
	StepIssueSecret = "issueSecret"
	// StepRestoreEnabled enables a principal that was enabled. It comes last.
	StepRestoreEnabled = "restoreEnabled"
)

// secretHours is how long an emergency secret lives.
const secretHours = 24

// tokenLife is how long a token that was issued may still be used where nobody asks the directory again.
const tokenLife = 90 * time.Minute

// Deviation is one thing that was there before an operation and is not there now.
type Deviation struct {
	ObjectKind string `json:"objectKind"`
	Object     string `json:"object"`
	Name       string `json:"name"`
	Step       string `json:"step,omitempty"` // the kind of step that puts it back
	Type       string `json:"type"`
	ID         string `json:"id"` // as it was
	What       string `json:"what"`
	Skipped    string `json:"skipped,omitempty"`    // why it comes back only if it is named
	Impossible string `json:"impossible,omitempty"` // why it cannot come back, and what to do
	kind       string
	permission string // when it is not that of its step
}

// Text says in a line what would happen to it.
func (d Deviation) Text() string {
	line := fmt.Sprintf("%s [%s %s] %s", plain(d.What), d.ObjectKind, plain(d.Object), plain(d.ID))
	switch {
	case d.Impossible != "":
		return "cannot come back: " + line + "\n    " + d.Impossible
	case d.Skipped != "":
		return "only if named:    " + line + "\n    " + d.Skipped
	}
	return "comes back:       " + line
}

// Diff compares what there is now with what was there before an operation. Lists that were not read now are taken from the
// operation's plan.
func Diff(b Bundle, op Operation, inv Inventory, now time.Time) []Deviation {
	d := differ{op: op, b: b, now: now}
	for _, was := range b.Objects() {
		is, ok := object(inv, was.ID)
		if !ok {
			d.add(was, Deviation{Type: "object", ID: was.ID, What: was.Kind + " " + quoted(was.Name), Impossible: "it was deleted: restore it from the deleted items within 30 days, then ask again"})
			continue
		}
		d.object(was, is)
	}
	d.azure()
	return d.out
}

func object(inv Inventory, id string) (Object, bool) {
	for _, o := range inv.Objects() {
		if o.ID == id {
			return o, true
		}
	}
	return Object{}, false
}

type differ struct {
	op  Operation
	b   Bundle
	now time.Time
	out []Deviation
}

func (d *differ) add(o Object, x Deviation) {
	x.ObjectKind, x.Object, x.Name = o.Kind, o.ID, o.Name
	if x.Skipped == "" && x.Impossible == "" {
		x.Skipped = d.suspect(o, x)
	}
	d.out = append(d.out, x)
}

// suspect says why something is not brought back unasked.
func (d *differ) suspect(o Object, x Deviation) string {
	k := d.op.Plan.Keeping
	switch {
	case has(k.Suspects, x.ID) || has(d.op.Suspects, x.ID):
		return "a suspicious sign-in used it"
	case k.added(o, x.ID) || d.removed(o.ID, x, windowed):
		return "it was added in the suspect window"
	case tokens[x.Step] && d.now.Before(d.lastStep().Add(tokenLife)):
		return "tokens issued before live until " + day(d.lastStep().Add(tokenLife)) + ", and vaults take them"
	}
	return ""
}

// windowed are the steps that take away what was added in the window, and that alone; tokens what issued tokens still use.
var (
	windowed = map[string]bool{StepRemoveOwners: true, StepRemoveRedirects: true, StepRemoveGrants: true, StepRemoveAppRoles: true, StepRemoveDirectoryRoles: true}
	tokens   = map[string]bool{StepRestoreMemberships: true, StepRestoreAzureRoles: true, StepRestoreVaultPolicies: true}
)

// removed reports whether a step of some kinds took something from an object.
func (d *differ) removed(object string, x Deviation, kinds map[string]bool) bool {
	return slices.ContainsFunc(d.op.Plan.Steps, func(s Step) bool {
		return kinds[s.Kind] && s.Object == object && slices.ContainsFunc(s.Items, func(i Item) bool {
			return strings.EqualFold(i.ID, x.ID) && (x.kind == "" || x.kind == i.Kind)
		})
	})
}

func (d *differ) lastStep() time.Time {
	var last time.Time
	for _, p := range d.op.Progress {
		if p.Ended.After(last) {
			last = p.Ended
		}
	}
	return last
}

// lost returns what is in one list and, by its content, not in the other. A list that was not read now has lost what the
// plan took.
func lost[T any](was, is List[T], same func(a, b T) bool, taken func(T) bool) []T {
	var out []T
	for _, x := range was.Items {
		there := is.Known && slices.ContainsFunc(is.Items, func(y T) bool { return same(x, y) })
		if !there && (is.Known || taken(x)) {
			out = append(out, x)
		}
	}
	return out
}

func (d *differ) object(was, is Object) {
	took := func(kind, id string) bool { return d.removed(was.ID, Deviation{ID: id}, map[string]bool{kind: true}) }
	for _, x := range lost(was.RedirectURIs, is.RedirectURIs, func(a, b RedirectURI) bool { return a == b }, func(x RedirectURI) bool { return took(StepRemoveRedirects, x.URI) }) {
		d.add(was, Deviation{Step: StepRestoreRedirects, Type: TypeRedirectURI, ID: x.URI, What: x.Platform + " redirect URI", kind: x.Platform})
	}
	for _, x := range lost(was.Owners, is.Owners, func(a, b Owner) bool { return a.ID == b.ID }, func(x Owner) bool { return took(StepRemoveOwners, x.ID) }) {
		d.add(was, Deviation{Step: StepRestoreOwners, Type: TypeOwner, ID: x.ID, What: "owner " + quoted(x.Name)})
	}
	for _, x := range lost(was.Groups, is.Groups, func(a, b Group) bool { return a.ID == b.ID }, func(x Group) bool { return took(StepRemoveMemberships, x.ID) }) {
		if took(StepRemoveMemberships, x.ID) { // a nested one comes with the one that it is nested in
			m := Deviation{Step: StepRestoreMemberships, Type: "membership", ID: x.ID, What: "membership in " + quoted(x.Name)}
			if x.RoleAssignable {
				m.permission = permissionMembers + both + permissionRoles
			}
			d.add(was, m)
		}
	}
	for _, x := range lost(was.Grants, is.Grants, sameGrant, func(x Grant) bool { return took(StepRemoveGrants, x.ID) }) {
		d.add(was, Deviation{Step: StepRestoreGrants, Type: TypeGrant, ID: x.ID, What: "consent to " + quoted(x.Scope)})
	}
	for _, x := range lost(was.AppRoles, is.AppRoles, sameAppRole, func(x AppRole) bool { return took(StepRemoveAppRoles, x.ID) }) {
		d.add(was, Deviation{Step: StepRestoreAppRoles, Type: TypeAppRole, ID: x.ID, What: "permission " + x.label()})
	}
	for _, x := range lost(was.DirectoryRoles, is.DirectoryRoles, sameDirectoryRole, func(x DirectoryRole) bool { return took(StepRemoveDirectoryRoles, x.ID) }) {
		d.add(was, Deviation{Step: StepRestoreDirectoryRoles, Type: TypeDirectoryRole, ID: x.ID, What: "directory role " + quoted(x.Name)})
	}
	d.credentials(was, is)
	if was.Kind == KindServicePrincipal && was.Enabled && !is.Enabled {
		d.add(was, Deviation{Step: StepRestoreEnabled, Type: "accountEnabled", ID: was.ID, What: "that it is enabled", permission: switchPermission(was)})
	}
}

func sameGrant(a, b Grant) bool {
	return a.ConsentType == b.ConsentType && a.PrincipalID == b.PrincipalID && a.ResourceID == b.ResourceID && a.Scope == b.Scope
}

func sameAppRole(a, b AppRole) bool {
	return a.ResourceID == b.ResourceID && strings.EqualFold(a.AppRoleID, b.AppRoleID)
}

func sameDirectoryRole(a, b DirectoryRole) bool {
	return a.TemplateID == b.TemplateID && a.Scope == b.Scope
}

// SameFederated reports whether two federated credentials let in the same tokens.
func SameFederated(a, b Federated) bool {
	return a.Issuer == b.Issuer && a.Subject == b.Subject && a.Claims == b.Claims
}

func (d *differ) credentials(was, is Object) {
	for _, f := range was.Federated {
		if was.Kind == KindApplication && !slices.ContainsFunc(is.Federated, func(g Federated) bool { return SameFederated(f, g) }) {
			d.add(was, Deviation{Step: StepRestoreFederated, Type: TypeFederated, ID: f.ID, What: "federated credential " + quoted(f.Name)})
		}
	}
	for _, k := range was.Keys {
		if slices.ContainsFunc(is.Keys, func(x Key) bool { return x.KeyID == k.KeyID && (k.Public == "" || x.Thumbprint() == k.Thumbprint()) }) {
			continue
		}
		x := Deviation{Step: StepRestoreKeys, Type: TypeKey, ID: k.KeyID, What: "certificate " + quoted(k.Name)}
		switch {
		case k.Usage == "Sign":
			x.Impossible = "the private half of a signing key is nowhere else: make a new signing certificate and give it to the service that people sign on to"
		case k.Public == "":
			x.Impossible = "its certificate was not read: whoever holds it has to add it again"
		case !k.End.IsZero() && !d.now.Before(k.End):
			x.Impossible = "it has expired meanwhile"
		}
		d.add(was, x)
	}
	for _, p := range was.Passwords {
		if !slices.ContainsFunc(is.Passwords, func(x Password) bool { return x.KeyID == p.KeyID }) {
			d.add(was, Deviation{Type: TypePassword, ID: p.KeyID, What: "client secret " + quoted(p.Name),
				Impossible: "its text is nowhere: issue a new one for 24 hours into the owner's vault with --secret-to"})
		}
	}
}

// azure offers what the plan took in Azure: putting back what is there changes nothing.
func (d *differ) azure() {
	for _, a := range d.b.Assignments {
		o, _ := d.b.Find(a.PrincipalID)
		d.add(o, Deviation{Step: StepRestoreAzureRoles, Type: TypeAzureRole, ID: a.ID, What: "Azure role"})
	}
	for _, p := range d.b.Policies {
		o, _ := d.b.Find(p.ObjectID)
		x := Deviation{Step: StepRestoreVaultPolicies, Type: TypeVaultAccess, ID: p.Vault, What: "access policy of vault " + tail(p.Vault)}
		if !slices.ContainsFunc(d.out, func(y Deviation) bool { return y.Step == x.Step && y.ID == x.ID && y.Object == o.ID }) {
			d.add(o, x)
		}
	}
	for _, f := range d.b.Managed {
		d.add(Object{Kind: KindServicePrincipal, ID: d.op.Principal.ObjectID}, Deviation{Type: TypeFederated, ID: f.ID, What: "federated credential " + quoted(f.Name) + " of a managed identity",
			Impossible: "by hand: az identity federated-credential create --ids " + shell(f.ID) + " --issuer " + shell(f.Issuer) + " --subject " + shell(f.Subject)})
	}
	for _, s := range d.op.Plan.Steps {
		if s.Kind != StepDetach {
			continue
		}
		for _, i := range s.Items {
			why := "by hand: az resource update --ids " + shell(i.ID) + " with the identity " + shell(i.On)
			if i.On == "" {
				why = "a system-assigned identity was deleted by it: switch a new one on, and give it its roles"
			}
			d.add(Object{Kind: s.ObjectKind, ID: s.Object, Name: s.Name}, Deviation{Type: "attachment", ID: i.ID, What: "identity of " + plain(i.ID), Impossible: why})
		}
	}
}

// UndoOptions are what somebody wants back.
type UndoOptions struct {
	Only     []string // ids: nothing else comes back; empty is everything that does unasked
	Name     []string // ids that come back although they are suspect
	SecretTo string   // a vault's address and a secret's name, as in https://kv.vault.azure.net/billing; "" issues none
	By       string   // who wants it
}

// restored is the order of the steps of an undo, with the permission of each.
var restored = []struct{ kind, permission, what string }{
	{StepRestoreRedirects, permission, "put redirect URIs back"},
	{StepRestoreOwners, permission + both + permissionRead, "put owners back"},
	{StepRestoreMemberships, permissionMembers, "put the principal back into its groups"},
	{StepRestoreGrants, permissionGrants, "give consents again"},
	{StepRestoreAppRoles, permissionAppRoles + both + permissionReadApps, "give application permissions again"},
	{StepRestoreDirectoryRoles, permissionRoles, "give directory roles again"},
	{StepRestoreAzureRoles, permissionAssign, "give Azure roles again"},
	{StepRestoreVaultPolicies, permissionPolicies, "put the principal back into access policies of vaults"},
	{StepRestoreFederated, permission, "put federated credentials back, under new ids"},
	{StepRestoreKeys, permission, "put certificates back"},
	{StepRestoreEnabled, permission, "enable the service principal"},
}

const (
	permissionAssign   = "Microsoft.Authorization/roleAssignments/write"
	permissionRead     = "Directory.Read.All"
	permissionReadApps = "Application.Read.All"
)

// UndoPlan is the plan for taking an operation back, as far as somebody wants it. What it restores is in its hash one by one:
// more of it needs a new approval. It needs as many people as the plan that it takes back.
func UndoPlan(op Operation, diff []Deviation, o UndoOptions, now time.Time) (Plan, error) {
	p := Plan{
		Application: op.Plan.Application, AppID: op.Plan.AppID, Name: op.Plan.Name, Case: op.Case, Window: op.Plan.Window, RequestedBy: o.By,
		Steps: []Step{}, Kept: []Kept{}, Refused: []Refusal{}, Needs: Needs{Approvals: max(1, op.Plan.Needs.Approvals), Why: op.Plan.Needs.Why, Never: op.Plan.Needs.Never},
	}
	if err := o.known(diff); err != nil {
		return p, err
	}
	b := &planner{Plan: p}
	b.add(Step{Kind: StepSnapshot, What: "save what is there", Why: "this, too, may be wrong", Reversible: true})
	for _, r := range restored {
		if r.kind == StepRestoreEnabled {
			if err := b.issue(op, o); err != nil {
				return p, err
			}
		}
		b.restore(r.kind, r.permission, r.what, diff, o)
	}
	if len(b.Steps) == 1 {
		b.Steps = []Step{}
		b.note("there is nothing to put back")
	}
	for _, d := range diff {
		switch {
		case d.Impossible != "":
			b.refuse(plain(d.What)+" "+plain(d.ID), "it cannot come back", d.Impossible)
		case !o.wants(d) && d.Skipped != "":
			b.refuse(plain(d.What)+" "+plain(d.ID), d.Skipped, "name it if it is right: --name "+shell(d.ID))
		}
	}
	return b.Plan, nil
}

// wants reports whether a difference comes back.
func (o UndoOptions) wants(d Deviation) bool {
	switch {
	case d.Impossible != "" || d.Step == "":
		return false
	case has(o.Name, d.ID):
		return true
	}
	return d.Skipped == "" && (len(o.Only) == 0 || has(o.Only, d.ID))
}

// known refuses ids that are no difference: a word that is misspelt must not be taken for nothing.
func (o UndoOptions) known(diff []Deviation) error {
	for _, id := range slices.Concat(o.Only, o.Name) {
		if !slices.ContainsFunc(diff, func(d Deviation) bool { return strings.EqualFold(d.ID, id) }) {
			return fault.Errorf(fault.Poison, "nothing of the id %q was there before and is not now: see the diff", plain(id))
		}
	}
	return nil
}

func (b *planner) restore(kind, permission, what string, diff []Deviation, o UndoOptions) {
	var order []string
	steps := map[string]*Step{}
	for _, d := range diff {
		if d.Step != kind || !o.wants(d) {
			continue
		}
		needs := cmp.Or(d.permission, permission)
		s := steps[d.Object+needs]
		if s == nil {
			s = &Step{Kind: kind, ObjectKind: d.ObjectKind, Object: d.Object, Name: d.Name, What: what, Why: "it was there before", Permission: needs, Reversible: true}
			steps[d.Object+needs], order = s, append(order, d.Object+needs)
		}
		i := Item{ID: d.ID, Kind: d.kind, What: plain(d.What)}
		if d.Skipped != "" {
			i.Why = "named by " + plain(o.By) + ", although " + d.Skipped
		}
		s.Items = append(s.Items, i)
		b.allow(d.Object, "restore "+d.Type+" "+d.ID)
	}
	for _, id := range order {
		b.add(*steps[id])
	}
}

// issue plans an emergency secret.
func (b *planner) issue(op Operation, o UndoOptions) error {
	if o.SecretTo == "" {
		return nil
	}
	at := strings.LastIndexByte(o.SecretTo, '/')
	switch {
	case op.Plan.Application == "":
		return fault.Errorf(fault.Poison, "issuing a secret: the application is not registered in this tenant")
	case !strings.HasPrefix(o.SecretTo, "https://") || at < len("https://x") || at == len(o.SecretTo)-1:
		return fault.Errorf(fault.Poison, "issuing a secret to %q: https://VAULT.vault.azure.net/NAME is expected", plain(o.SecretTo))
	}
	b.allow(op.Plan.Application, "issue secret to "+o.SecretTo)
	b.add(Step{
		Kind: StepIssueSecret, ObjectKind: KindApplication, Object: op.Plan.Application, Name: op.Plan.Name, Permission: permission, Reversible: true, Hours: secretHours,
		What: "make a client secret for 24 hours, straight into a vault", Why: "the workload knows no certificates and stands still",
		Items: []Item{{ID: o.SecretTo, Kind: TypePassword, What: "secret " + plain(o.SecretTo[at+1:]) + " in " + plain(o.SecretTo[:at])}},
	})
	return nil
}

// OpenUndo makes the operation of an undo: it awaits approval. The same wish is the same operation.
func OpenUndo(op Operation, plan Plan, now time.Time) Operation {
	hash := plan.Hash()
	u := Operation{
		Version: version, ID: UndoPrefix(op.ID) + hash[:8], Case: op.Case, Principal: op.Principal, Verdict: decide.Verdict{Mode: decide.ModeApprove},
		Plan: plan, PlanHash: hash, Undoes: op.ID, Opened: now, Updated: now, State: StateAwaitingApproval,
	}
	for _, s := range plan.Steps {
		u.Progress = append(u.Progress, Progress{Step: s.ID, Status: Pending})
	}
	if len(plan.Steps) == 0 {
		u.State = StatePlanned
	}
	return u
}

// UndoPrefix is how the ids of the undos of an operation begin.
func UndoPrefix(id string) string { return "undo-" + id + "-" }

// opened are the steps of an undo that give a principal back what it signs in with or reaches vaults with. Whoever wants
// that holds it for itself again.
var opened = map[string]bool{
	StepRestoreEnabled: true, StepRestoreKeys: true, StepRestoreFederated: true, StepRestoreMemberships: true, StepRestoreAzureRoles: true, StepRestoreVaultPolicies: true,
}

// TakesBack reports whether this is an undo that people allowed, and that gives the principal its ways in back. An emergency
// secret or a redirect URI says nothing about whether there was an intruder.
func (o *Operation) TakesBack() bool {
	if o.Undoes == "" || !slices.ContainsFunc(o.Plan.Steps, func(s Step) bool { return opened[s.Kind] }) {
		return false
	}
	switch o.State {
	case StatePlanned, StateAwaitingApproval, StateRejected:
		return false
	case StateCancelled:
		return slices.ContainsFunc(o.Progress, func(p Progress) bool { return p.Status != Pending })
	}
	return true
}

// Undoable returns an error of kind fault.Denied for an operation that cannot be taken back now.
func (o *Operation) Undoable() error {
	switch o.State {
	case StateDone, StateContained, StateFailed, StateWatching:
		if o.Undoes == "" {
			return nil
		}
		return fault.Errorf(fault.Denied, "operation %s takes back another one: take back what it did by hand, or evict again", o.ID)
	case StateRunning:
		return fault.Errorf(fault.Denied, "operation %s is at work: wait until it has ended, or set the kill switch", o.ID)
	}
	return fault.Errorf(fault.Denied, "operation %s has changed nothing", o.ID)
}

// KeyCredential is a saved certificate as Graph takes it.
func (k Key) KeyCredential() (json.RawMessage, error) {
	return json.Marshal(map[string]any{
		"keyId": k.KeyID, "type": k.Type, "usage": k.Usage, "displayName": k.Name, "customKeyIdentifier": k.Group, "key": k.Public,
		"startDateTime": k.Start.UTC().Format(time.RFC3339), "endDateTime": k.End.UTC().Format(time.RFC3339),
	})
}

// Kinds lists every kind of step, in the order of a plan, then those of an undo.
func Kinds() []string {
	return []string{
		StepSnapshot, StepConfirm, StepDisable, StepRemoveAzureRoles, StepRemoveVaultPolicies, StepRemoveMemberships, StepCertificate, StepReplaceKeys,
		StepRemovePasswords, StepRemoveFederated, StepRemoveManagedFederated, StepRemoveOwners, StepRemoveRedirects, StepRemoveGrants, StepRemoveAppRoles,
		StepRemoveDirectoryRoles, StepDetach, StepRemovePlanted, StepVerify, StepEnable, StepProve, StepDismiss, StepWatch,
		StepRestoreRedirects, StepRestoreOwners, StepRestoreMemberships, StepRestoreGrants, StepRestoreAppRoles, StepRestoreDirectoryRoles,
		StepRestoreAzureRoles, StepRestoreVaultPolicies, StepRestoreFederated, StepRestoreKeys, StepIssueSecret, StepRestoreEnabled,
	}
}
