package conduct

import (
	"fmt"
	"slices"

	"rekey/shared/baseline"
	"rekey/shared/exposure"
)

// supplierReads looks at applications that another tenant owns. Whoever steals the owner's credential comes with rights that
// were given long ago, and for what they are worth; where he comes from is what he cannot borrow.
var supplierReads = &Rule{
	ID: "supplierReads", Title: "A supplier's application reads mail or files from where it never was",
	RiskType: typeAPI, Covers: []string{"X04"}, Techniques: []string{"T1199", "T1114.002", "T1213.002"},
	Event: "MicrosoftGraphActivityLogs: GET of messages, mail folders and items of drives and sites, by a principal whose sign-ins have an " +
		"appOwnerTenantId that is neither the tenant's nor Microsoft's", Shape: recorded,
	Levels:         "medium when the network is new for all its sign-ins and calls; high when it never read such a thing before, either",
	FalsePositives: []string{"A supplier that moved to another cloud, which he can confirm."},
	Ask:            []string{"Ask the supplier, by a contact you had before: is the network his?", "Which mailboxes and files, and what else was called from there?"},
	Find: func(f Facts) (Finding, bool) {
		if f.Reads == nil || f.Evidence.Owner() == "" || f.view().ActiveDays() < baseline.LearningDays {
			return Finding{}, false
		}
		v := f.view()
		reads := slices.DeleteFunc(f.Reads.Content(), func(r exposure.Read) bool { return v.Knows(f.Hasher.Network(r.Origin.ASN, r.Origin.Prefix)) })
		if len(reads) == 0 {
			return Finding{}, false
		}
		x := Finding{Subject: "content", Level: medium}
		ops := exposure.Ops(0)
		for _, r := range reads {
			x.Objects, ops = append(x.Objects, r.Object), ops|r.Ops
		}
		if f.Before.Fresh(ops) != 0 {
			x.Level = high
		}
		x.What = fmt.Sprintf("an application that tenant %s owns reads %s from %s, where it never was", f.Evidence.Owner(), ops, reads[0].Origin)
		return x, true
	},
}
