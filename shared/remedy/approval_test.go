package remedy_test

import (
	"strings"
	"testing"
	"time"

	"rekey/shared/remedy"
)

func TestWhoMayApproveAPlan(t *testing.T) {
	one, two := incident(), incident()
	two.Inventory.Application.Tags = []string{"rekey=protected"}
	two.Options.RequestedBy = "dana"
	two.Facts.Linked = []remedy.Linked{{Case: "c9", Principal: "user:eve", Name: "Eve"}}
	yes := func(p remedy.Plan, by string, ago time.Duration) remedy.Approval {
		return remedy.Approval{By: by, PlanHash: p.Hash(), Time: now.Add(-ago)}
	}
	ordinary, protected := remedy.Build(one), remedy.Build(two)
	tests := map[string]struct {
		plan      remedy.Plan
		approvals []remedy.Approval
		want      bool
	}{
		"nobody":                                       {ordinary, nil, false},
		"one person":                                   {ordinary, []remedy.Approval{yes(ordinary, "ann", 0)}, true},
		"an approval of another plan":                  {ordinary, []remedy.Approval{{By: "ann", PlanHash: "another", Time: now}}, false},
		"an approval of four hours ago":                {ordinary, []remedy.Approval{yes(ordinary, "ann", 4*time.Hour)}, false},
		"an approval of nearly four hours ago":         {ordinary, []remedy.Approval{yes(ordinary, "ann", 4*time.Hour-time.Second)}, true},
		"an approval out of the future":                {ordinary, []remedy.Approval{yes(ordinary, "ann", -time.Hour)}, false},
		"an approval of nobody":                        {ordinary, []remedy.Approval{yes(ordinary, " ", 0)}, false},
		"one where two are needed":                     {protected, []remedy.Approval{yes(protected, "ann", 0)}, false},
		"the same person twice":                        {protected, []remedy.Approval{yes(protected, "ann", 0), yes(protected, "ANN ", time.Minute)}, false},
		"two persons":                                  {protected, []remedy.Approval{yes(protected, "ann", 0), yes(protected, "ben", 0)}, true},
		"who asked and another":                        {protected, []remedy.Approval{yes(protected, "dana", 0), yes(protected, "ben", 0)}, true},
		"who asked, twice under two spellings":         {protected, []remedy.Approval{yes(protected, "dana", 0), yes(protected, "user:Dana", 0)}, false},
		"two of which one is old":                      {protected, []remedy.Approval{yes(protected, "ann", 5*time.Hour), yes(protected, "ben", 0)}, false},
		"two of which one is himself in a linked case": {protected, []remedy.Approval{yes(protected, "eve", 0), yes(protected, "ben", 0)}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if ok, why := remedy.Approved(tt.plan, tt.approvals, now); ok != tt.want || why == "" {
				t.Errorf("approved %v (%s), want %v", ok, why, tt.want)
			}
		})
	}
}

func TestWhatNeedsTwoPeople(t *testing.T) {
	tests := map[string]func(*remedy.Input){
		"a tier 0 permission by its id": func(in *remedy.Input) {
			sp(in).AppRoles = remedy.ListOf(remedy.AppRole{ID: "x", AppRoleID: "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9", Created: before})
		},
		"a tier 0 permission by its name": func(in *remedy.Input) {
			sp(in).AppRoles = remedy.ListOf(remedy.AppRole{ID: "x", Value: "AppRoleAssignment.ReadWrite.All", Created: before})
		},
		"a tier 0 directory role": func(in *remedy.Input) {
			sp(in).DirectoryRoles = remedy.ListOf(remedy.DirectoryRole{ID: "x", Name: "Global Administrator"})
		},
		"a tier 0 consent for everybody": func(in *remedy.Input) {
			sp(in).Grants = remedy.ListOf(remedy.Grant{ID: "x", ConsentType: "AllPrincipals", Scope: "openid RoleManagement.ReadWrite.Directory"})
		},
		"a role-assignable group": func(in *remedy.Input) {
			sp(in).Groups = remedy.ListOf(remedy.Group{ID: "x", RoleAssignable: true})
		},
		"the tag": func(in *remedy.Input) { sp(in).Tags = []string{"a", "Rekey=Protected"} },
		"the tag in Azure": func(in *remedy.Input) {
			sp(in).Managed = &remedy.Managed{Tags: map[string]string{"rekey": "protected"}}
		},
		"many consumers":           func(in *remedy.Input) { in.Options.ManyConsumers = 1 },
		"an active administrator":  func(in *remedy.Input) { in.Facts.Linked = []remedy.Linked{{Administrator: true, Active: true}} },
		"a principal of Microsoft": goldens["first-party"],
	}
	if n := remedy.Build(incident()).Needs; n.Approvals != 1 || len(n.Obstacles) != 0 {
		t.Errorf("an ordinary principal needs %+v", n)
	}
	for name, edit := range tests {
		t.Run(name, func(t *testing.T) {
			in := incident()
			edit(&in)
			p := remedy.Build(in)
			if p.Needs.Approvals != 2 || len(p.Needs.Why) == 0 || len(p.Obstacles()) == 0 || !strings.Contains(p.Text(), "2 people") {
				t.Errorf("needs %+v", p.Needs)
			}
		})
	}
}

func TestWhatIsNotKnownForbidsToActAlone(t *testing.T) {
	tests := map[string]struct {
		edit func(*remedy.Input)
		line string // "" if no line of the forecast is unknown
	}{
		"everything is known":                   {func(*remedy.Input) {}, ""},
		"nobody looked who uses a credential":   {func(in *remedy.Input) { in.Facts.Consumers = remedy.List[remedy.Consumer]{} }, remedy.LineWorkloads},
		"nobody knows of user sign-ins":         {func(in *remedy.Input) { in.Facts.Users = nil }, remedy.LineUsers},
		"nobody looked who calls it":            {func(in *remedy.Input) { in.Facts.Clients.Known, sp(in).AssignedTo.Known = false, false }, remedy.LineClients},
		"the clients come from the assignments": {func(in *remedy.Input) { in.Facts.Clients.Known = false }, ""},
		"the case knows of users":               {func(in *remedy.Input) { in.Facts.Users, in.Case.Users = nil, 7 }, ""},
		"where a managed identity is attached": {func(in *remedy.Input) {
			o := managed(in, true)
			o.Managed.AttachedTo.Known = false
			only(in, o)
		}, remedy.LineWorkloads},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := incident()
			tt.edit(&in)
			p := remedy.Build(in)
			if got := strings.Join(p.Unknown(), " "); got != tt.line {
				t.Errorf("unknown: %q, want %q", got, tt.line)
			}
			if tt.line != "" && (len(p.Obstacles()) == 0 || !strings.Contains(p.Text(), "unknown")) {
				t.Errorf("the plan hides it:\n%s", p.Text())
			}
		})
	}
	in := incident()
	sp(&in).AppRoles = remedy.List[remedy.AppRole]{}
	if o := remedy.Build(in).Obstacles(); len(o) != 1 || !strings.Contains(o[0], "tier 0") {
		t.Errorf("permissions that were not read: %v", o)
	}
}
