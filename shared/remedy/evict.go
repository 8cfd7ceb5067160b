package remedy

import (
	"fmt"
	"slices"
	"time"
)

// evict changes the locks: the new certificate, then certificates, secrets and federated credentials of all objects, the
// application first, because that is where most workloads come in.
func (b *planner) evict() {
	b.certificate()
	for _, o := range b.targets {
		b.allow(o.ID, "credentials")
	}
	for _, o := range b.targets {
		b.keys(o)
	}
	for _, o := range b.targets {
		b.passwords(o)
	}
	for _, o := range b.targets {
		b.federated(o)
	}
}

func (b *planner) certificate() {
	app := b.Inventory.Application
	if app == nil {
		return
	}
	valid, why := b.validity()
	s := Step{
		Kind: StepCertificate, Permission: permissionVault, Reversible: true, Hours: int(valid / time.Hour),
		What: fmt.Sprintf("make a certificate in Key Vault, valid for %s%s; its key never leaves it", long(valid), why),
		Why:  "the workload needs one door that only it can open",
	}
	act := "certificate"
	if b.Options.Exportable {
		act = "exportableCertificate" // who approved a key that stays did not approve one that travels
		s.What = fmt.Sprintf("make a certificate in Key Vault, valid for %s%s; its key can be loaded by the workload", long(valid), why)
	}
	b.allow(app.ID, act)
	b.add(s)
	if !slices.ContainsFunc(app.Keys, b.valid) {
		b.note("the application has no valid certificate, so addKey, which wants proof of one, is no way: the list is replaced by PATCH, which needs none")
	}
	if len(app.Keys)+len(app.Passwords) == 0 && len(app.Federated) > 0 {
		b.note("the application had only federated credentials: its workloads hold no key and cannot use the new certificate as they are. " +
			"When an issuer and subject are known to be right, undo can bring that one back")
	}
}

func (b *planner) valid(k Key) bool {
	return k.Usage != "Sign" && !b.Now.Before(k.Start) && b.Now.Before(k.End)
}

// going returns the ids of an object's credentials of a type that do not stay.
func (b *planner) going(o Object, kind string) []string {
	out := []string{}
	signing := b.keeping.signing(o)
	for _, c := range credentials(o) {
		if why, _ := b.keeping.why(o, c, signing); c.kind == kind && why == "" {
			out = append(out, c.id)
		}
	}
	return out
}

func credentialPermission(b *planner, o Object) string {
	if o.Kind == KindApplication && slices.ContainsFunc(b.targets, func(t Object) bool { return b.class(t) == classAgent }) {
		return permissionCreds
	}
	return permission
}

func (b *planner) keys(o Object) {
	ids := b.going(o, TypeKey)
	s := Step{
		Kind: StepReplaceKeys, ObjectKind: o.Kind, Object: o.ID, Name: o.Name, Permission: credentialPermission(b, o), Reversible: true, KeyIDs: ids,
		What: "replace the list of certificates in one call", Why: "the old ones may be known; adding and removing at once leaves no gap",
	}
	if o.Kind == KindServicePrincipal {
		if len(ids) == 0 {
			return
		}
		s.What, s.Why = "remove the certificates of the service principal", "they open the same door and are easily overlooked"
	}
	for _, k := range o.Keys {
		if k.Usage == "Sign" && slices.Contains(ids, k.KeyID) {
			s.Reversible = false // the private half of a signing key is nowhere else
		}
	}
	b.add(s)
}

func (b *planner) passwords(o Object) {
	ids := b.going(o, TypePassword)
	if len(ids) == 0 && o.Kind == KindServicePrincipal {
		return
	}
	b.add(Step{
		Kind: StepRemovePasswords, ObjectKind: o.Kind, Object: o.ID, Name: o.Name, Permission: credentialPermission(b, o), KeyIDs: ids,
		What: "remove the client secrets", Why: "a secret that was read opens the door until it is gone; it cannot be brought back",
	})
}

func (b *planner) federated(o Object) {
	if o.Kind != KindApplication {
		return
	}
	b.add(Step{
		Kind: StepRemoveFederated, ObjectKind: o.Kind, Object: o.ID, Name: o.Name, Permission: credentialPermission(b, o), Reversible: true,
		KeyIDs: b.going(o, TypeFederated), What: "remove the federated credentials", Why: "they survive every rotation of secrets and certificates",
	})
}

// release lets the workload in again, proves that it can come in, and keeps looking.
func (b *planner) release() {
	verify := Step{
		Kind: StepVerify, What: "read all objects until three reads in a row show no old credential", Why: "Entra's replicas agree only after a while",
		Permission: permission, Reversible: true,
	}
	if len(b.targets) == 0 {
		verify.What, verify.Permission = "read roles and permissions until three reads in a row show none of those removed", permissionReadRoles
	}
	b.add(verify)
	for _, o := range b.targets {
		if o.Kind != KindServicePrincipal || !o.Enabled || b.class(o) == classMicrosoft || b.closed(o) {
			continue
		}
		b.add(Step{
			Kind: StepEnable, ObjectKind: o.Kind, Object: o.ID, Name: o.Name, What: "enable the service principal again", Why: "it was enabled before",
			Permission: switchPermission(o), Reversible: true,
		})
	}
	enabled := slices.ContainsFunc(b.Steps, func(s Step) bool { return s.Kind == StepEnable })
	if b.Inventory.Application != nil && enabled { // a disabled principal gets no token, whatever it shows
		b.add(Step{
			Kind: StepProve, What: "acquire a token with the new certificate, within 60 seconds", Why: "an eviction that locks the workload out is an outage",
			Permission: permissionSigning, Reversible: true,
		})
	}
	for _, o := range b.risky() {
		if b.closed(o) {
			continue
		}
		b.add(Step{
			Kind: StepDismiss, ObjectKind: o.Kind, Object: o.ID, Name: o.Name, What: "dismiss the risk in Identity Protection",
			Why: "a policy that blocks risky workloads would keep the workload out", Permission: permissionRisk, Reversible: true,
		})
	}
	if b.Options.Watch {
		b.add(Step{
			Kind: StepWatch, What: "watch for seven days: failed sign-ins by network, credentials that come back", Hours: 7 * 24, Reversible: true,
			Why: "a failure from a known network is a consumer left behind, one from elsewhere the intruder still trying",
		})
	}
}

// closed reports whether a principal has to stay disabled: something that lets the intruder in cannot be taken away.
func (b *planner) closed(o Object) bool {
	return b.stuck() || b.class(o) == classForeign && !b.abusedHere(o) || b.class(o) == classAgent && b.Inventory.Application == nil
}

// stuck reports whether a credential stays that still opens the door.
func (b *planner) stuck() bool {
	for _, o := range b.Inventory.Objects() {
		if slices.ContainsFunc(b.keeping.Of(o), func(k Kept) bool { return k.Opens }) {
			return true
		}
	}
	return false
}

// long writes a duration for people, in days where it has whole ones.
func long(d time.Duration) string {
	if d >= dayLength && d%dayLength == 0 {
		return fmt.Sprintf("%d days", int(d/dayLength))
	}
	return d.String()
}
