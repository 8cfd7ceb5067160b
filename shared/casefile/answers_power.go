package casefile

import (
	"fmt"
	"slices"
	"strings"

	"rekey/shared/baseline"
	"rekey/shared/privilege"
	"rekey/shared/trail"
)

// consents are the changes that allow the application to do something.
func consents(c *Case) []trail.Entry {
	return slices.DeleteFunc(slices.Clone(c.Prepared), func(e trail.Entry) bool {
		return !slices.Contains([]trail.Act{trail.Consented, trail.DelegatedGranted, trail.AppRoleGranted}, e.Act)
	})
}

func broadConsent(_ *Facts, c *Case) finding {
	x := found(c, "consentByAdmin", "grantForAll", "appRoleControlPlane", "mailRoleGranted", "roleManagementGranted")
	for _, e := range consents(c) {
		if e.Tier == privilege.Tier0 || e.Tier == privilege.Tier1 {
			x.value, x.why, x.records = Yes, more(x.why, said(e)), append(x.records, e.Record)
		}
	}
	return x
}

// consentByWhom answers from who consented: guests, applications, whoever never did, and whoever is in a case himself.
func consentByWhom(f *Facts, c *Case) finding {
	x := found(c, "appRoleBySelf", "appRoleByApplication")
	for _, e := range consents(c) {
		why := ""
		switch t := f.Actors[e.Actor]; {
		case f.World.Suspected(e.Actor):
			why = "under suspicion in a case of its own"
		case !e.ByUser() && !f.World.Vouches(e.Actor):
			why = "an application"
		case guest(e.ActorName):
			why = "a guest"
		case t != nil && !f.Since.IsZero() && !t.Before(baseline.DayOf(e.Time)).Did(e.Act):
			why = "for the first time"
		default:
			continue
		}
		x.value, x.why, x.records = Yes, more(x.why, said(e)+", "+why), append(x.records, e.Record)
	}
	return x
}

func consentTimes(f *Facts, c *Case) finding {
	var x finding
	for _, e := range consents(c) {
		if t := f.Actors[e.Actor]; t != nil && !t.Before(baseline.DayOf(e.Time)).Usual(e.Time) {
			x.value, x.why, x.records = Yes, more(x.why, said(e)+", an hour at which he never changed anything"), append(x.records, e.Record)
		}
	}
	return x
}

// highPrivilege answers from what Graph lists, and from what was seen to be granted.
func highPrivilege(f *Facts, c *Case) finding {
	x := found(c, "roleManagementGranted", "appRoleControlPlane", "mailRoleGranted", "directoryRole", "powerfulGotWayIn", "powerUsed")
	if f.Directory != nil {
		for _, p := range f.Directory.Permissions {
			if p.Tier == privilege.Tier0 || p.Tier == privilege.Tier1 {
				x.value, x.why = Yes, more(x.why, fmt.Sprintf("%s (%s)", p.Name, p.Tier))
			}
		}
	}
	if x.value == "" && f.Directory.lacks("permissions") {
		return finding{value: Unknown, missing: MissingGraph, why: "Graph could not be asked for its permissions, and no grant was seen"}
	}
	if x.value == "" {
		x.why = noPower + ", and none was granted"
	}
	return x
}

// noPower is what Graph was asked for, and no more.
const noPower = "no directory role and no application permission of tier 0 or 1 is listed by Graph; roles in Azure, and what it may as an owner, are not part of that"

// unnecessaryPrivilege answers from use: a permission of Graph that a principal without any call to Graph holds is not
// needed. More is not known of which call needs which permission.
func unnecessaryPrivilege(f *Facts, c *Case) finding {
	if x := found(c, "privilegeUnused"); x.value == Yes {
		return x
	}
	if f.Directory.lacks("permissions") {
		return finding{value: Unknown, missing: MissingGraph, why: "Graph could not be asked for its permissions"}
	}
	var strong []string
	for _, p := range f.Directory.Permissions {
		if p.Tier == privilege.Tier0 || p.Tier == privilege.Tier1 {
			strong = append(strong, p.Name)
		}
	}
	if len(strong) == 0 {
		return finding{why: noPower}
	}
	return finding{value: Unknown, missing: MissingUse, why: fmt.Sprintf("it holds %s; which of its calls need them is not in the logs", strong[0])}
}

// unverified answers from whose the application is.
func unverified(f *Facts, c *Case) finding {
	x := found(c, "foreignPowerful", "publisherUnset", "nameLikeMicrosoft")
	switch d := f.Directory; {
	case d == nil && x.value == Yes:
	case d == nil:
		return finding{value: Unknown, missing: MissingGraph, why: "Graph could not be asked whose it is"}
	case d.OwnerTenant == "" || f.World == nil || d.OwnerTenant == f.World.Tenant:
		if x.value == "" {
			x.why = "it is the tenant's own"
		}
	case d.Publisher != "":
		x.why = more(x.why, fmt.Sprintf("it belongs to the tenant %s, whose publisher %q is verified", d.OwnerTenant, d.Publisher))
	case d.lacks("publisher"):
		x.why = more(x.why, "it belongs to the tenant "+d.OwnerTenant+", and Graph could not be asked whether its publisher is verified")
		if x.value == "" {
			x.value, x.missing = Unknown, MissingGraph
		}
	default:
		x.value, x.why = Yes, more(x.why, "it belongs to the tenant "+d.OwnerTenant+", and its publisher is not verified")
	}
	if f.Directory != nil && f.Directory.Gallery {
		x.why += "; it was made from the gallery"
	}
	return x
}

// persistence answers from what the principal changed: each of it is another way in.
func persistence(_ *Facts, c *Case) finding {
	var x finding
	for _, e := range c.Writes {
		if e.Act.OpensDoors() {
			x.value, x.why, x.records = Yes, more(x.why, said(e)), append(x.records, e.Record)
		}
	}
	if c.MoreWrites && x.value == Yes {
		x.why += "; older ones may be missing"
	}
	return x
}

// guest reports whether a user belongs to another tenant.
func guest(userName string) bool { return strings.Contains(strings.ToUpper(userName), "#EXT#") }
