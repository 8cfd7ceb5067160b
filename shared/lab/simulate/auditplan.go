package simulate

import (
	"fmt"

	"rekey/shared/lab"
)

// platformAudit plans the two records that a managed identity's key leaves: one about the key, one that only says that
// there was something.
func (r *Run) platformAudit(d dice, k keyChange) {
	p := &r.Principals[k.who]
	e := entry{
		activity: "Add service principal credentials", category: "ApplicationManagement", operation: "Update", actor: actor{lab.None, lab.None, address{}},
		targetType: "ServicePrincipal", targetID: p.ObjectID, targetName: p.Name, appID: p.AppID,
		properties: []modified{
			{"KeyDescription", r.keyList(k.before), r.keyList(k.after)}, updated("KeyDescription"),
			{"TargetId.ServicePrincipalNames", "", `\"` + p.AppID + `;https://identity.azure.net/` + p.ObjectID[:8] + `\"`},
		},
	}
	r.planAudit(d, k.when, k.who, e, k.truth())
	e.activity, e.properties = "Update service principal", e.properties[1:]
	r.planAudit(d, k.when, k.who, e, k.truth())
	n := len(r.planned)
	if n >= 2 && r.planned[n-2].when == r.planned[n-1].when {
		r.planned[n-1].token = r.planned[n-2].serial // one action, one correlation id
	}
}

// grantAudit plans the record of an app role that a deployer gives to a principal. It stands under the resource.
func (r *Run) grantAudit(c changer, when int64, to int16) {
	t := r.resources[to]
	r.planAudit(c.d, when, c.n, entry{
		activity: "Add app role assignment to service principal", category: "ApplicationManagement", operation: "Assign",
		actor: r.deployer(c.d, c.n), targetType: "ServicePrincipal", targetID: t.object, targetName: t.name, appID: t.appID,
		properties: []modified{
			{"AppRole.Id", "", `\"` + r.id("role", int(to)) + `\"`}, {"AppRole.Value", "", `\"Data.Read.All\"`},
			{"ServicePrincipal.ObjectID", "", `\"` + c.p.ObjectID + `\"`}, {"ServicePrincipal.AppId", "", `\"` + c.p.AppID + `\"`},
			{"ServicePrincipal.DisplayName", "", `\"` + c.p.Name + `\"`}, {"TargetId.ServicePrincipalNames", "", `\"` + t.appID + `\"`},
		},
	}, lab.Truth{Principal: c.n, Episode: lab.None, Change: none})
}

// everydayAudit plans what the directory's people do all day, none of it about principals.
func (r *Run) everydayAudit() {
	kinds := [][3]string{
		{"Update user", "UserManagement", "Update"}, {"Add member to group", "GroupManagement", "Assign"}, {"Update device", "Device", "Update"},
		{"Reset user password", "UserManagement", "Update"}, {"Remove member from group", "GroupManagement", "Unassign"},
	}
	for n := range r.Days {
		d := r.stream("everyday", n)
		many := 2 + r.Options.Principals/20
		if w := r.weekday(n); w == 0 || w == 6 {
			many /= 10
		}
		for range many {
			u, k := d.IntN(len(r.users)), pick(d, kinds)
			t := d.IntN(500)
			r.planAudit(d, r.midnight(n)+d.office()-r.users[u].zone, none, entry{
				activity: k[0], category: k[1], operation: k[2], actor: actor{int32(u), lab.None, r.users[u].from}, targetType: "User",
				targetID: r.id("person", t), targetName: fmt.Sprintf("Person %03d", t),
			}, lab.Truth{Principal: none, Episode: none, Change: none})
		}
	}
}
