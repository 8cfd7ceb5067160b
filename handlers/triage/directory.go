package triage

import (
	"slices"
	"strings"
	"time"

	"rekey/shared/casefile"
	"rekey/shared/remedy"
)

// farFuture is after every credential's beginning: what signs tokens is known as that, however young it is.
var farFuture = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// directory is what an inventory tells a case; nil when there is none.
func directory(inv *remedy.Inventory) *casefile.Directory {
	if inv == nil {
		return nil
	}
	d := &casefile.Directory{Partly: []string{"permissions", "owners", "redirectUris", "publisher"}}
	for _, o := range inv.Objects() {
		d.OwnerTenant, d.Type = first(d.OwnerTenant, o.Owner), first(d.Type, o.Type)
		d.Credentials = append(d.Credentials, credentials(o)...)
	}
	if inv.Application != nil && d.OwnerTenant == "" {
		d.OwnerTenant = inv.Tenant
	}
	return d
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// credentials lists an object's ways in. What signs or encrypts tokens opens no door.
func credentials(o remedy.Object) []casefile.Credential {
	var out []casefile.Credential
	kept := remedy.Keep(o, nil, farFuture)
	keep := func(id string) bool {
		return slices.ContainsFunc(kept, func(k remedy.Kept) bool { return k.KeyID == id })
	}
	for _, k := range o.Keys {
		out = append(out, casefile.Credential{KeyID: strings.ToLower(k.KeyID), Kind: "certificate", Object: o.Kind, Start: k.Start, End: k.End, Keep: keep(k.KeyID)})
	}
	for _, p := range o.Passwords {
		out = append(out, casefile.Credential{KeyID: strings.ToLower(p.KeyID), Kind: "secret", Object: o.Kind, Start: p.Start, End: p.End, Keep: keep(p.KeyID)})
	}
	for _, f := range o.Federated {
		out = append(out, casefile.Credential{KeyID: f.ID, Kind: "federated", Object: o.Kind})
	}
	return out
}
