package tenant

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"time"
)

// secretsActivity has an en dash and a trailing space, like every real record and unlike the documentation.
const secretsActivity = "Update application – Certificates and secrets management "

// change is one directory audit record before it is written down.
type change struct {
	at        time.Time
	activity  string
	category  string
	operation string
	user      *User      // who did it: a user,
	app       *Principal // or an application
	from      netip.Addr
	target    target
	details   []pair
}

type target struct {
	ID         string     `json:"id"`
	Name       string     `json:"displayName"`
	Type       string     `json:"type"`
	Properties []modified `json:"modifiedProperties"`
	Units      []string   `json:"administrativeUnits"`
}

type modified struct {
	Name string `json:"displayName"`
	Old  string `json:"oldValue"`
	New  string `json:"newValue"`
}

// audit writes a change of the directory.
func (t *Tenant) audit(c change, r *rand.Rand) Record {
	correlation := guid(r)
	e := entry{
		Time: exported(c.at), ResourceID: t.entra(), OperationName: c.activity, OperationVersion: "1.0", Category: "AuditLogs",
		TenantID: t.ID, ResultSignature: "None", DurationMs: 0, CallerIPAddress: c.from.String(), CorrelationID: correlation, Level: 4,
	}
	by := map[string]any{}
	if c.user != nil {
		by["user"] = map[string]any{
			"id": c.user.ID, "displayName": nil, "userPrincipalName": c.user.UserPrincipalName, "ipAddress": c.from.String(), "roles": []string{},
		}
	} else {
		e.Identity = c.app.Name
		by["app"] = map[string]any{"appId": nil, "displayName": c.app.Name, "servicePrincipalId": c.app.ObjectID, "servicePrincipalName": nil}
	}
	e.Properties = map[string]any{
		"id": fmt.Sprintf("Directory_%s_%s_%d", correlation, strings.ToUpper(correlation[:5]), 10000000+r.IntN(90000000)), "category": c.category,
		"correlationId": correlation, "result": "success", "resultReason": "", "activityDisplayName": c.activity,
		"activityDateTime": happened(c.at), "loggedByService": "Core Directory", "operationType": c.operation, "userAgent": nil,
		"initiatedBy": by, "targetResources": []target{c.target}, "additionalDetails": c.details,
	}
	return record(HubAudit, c.at, e)
}

// keyDescription is the property that lists the secrets of an application. Its value is a list of texts that are not
// JSON, as JSON, in a text.
func keyDescription(before, after []PasswordCredential) modified {
	list := func(ps []PasswordCredential) string {
		texts := make([]string, len(ps))
		for i, p := range ps {
			texts[i] = fmt.Sprintf("[KeyIdentifier=%s,KeyType=Password,KeyUsage=Verify,DisplayName=%s]", p.KeyID, p.DisplayName)
		}
		text, err := json.Marshal(texts)
		if err != nil {
			panic(fmt.Sprintf("tenant: encoding key description: %v", err))
		}
		return string(text)
	}
	return modified{"KeyDescription", list(before), list(after)}
}

// newSecret is the change that somebody makes by adding a secret to an application.
func (t *Tenant) newSecret(a *Application, added PasswordCredential, c change) change {
	c.activity, c.category, c.operation = secretsActivity, "ApplicationManagement", "Update"
	c.target = target{ID: a.ID, Name: a.DisplayName, Type: "Application", Units: []string{}, Properties: []modified{
		keyDescription(a.PasswordCredentials, append(a.PasswordCredentials[:len(a.PasswordCredentials):len(a.PasswordCredentials)], added)),
		{"Included Updated Properties", `""`, `"KeyDescription"`},
	}}
	c.details = append(c.details, pair{"AppId", a.AppID})
	return c
}

// directoryChanges are a day's everyday changes by the administrator and, where keys are rotated, those.
func (t *Tenant) directoryChanges(day time.Time, o Options) []Record {
	r := t.source("changes", o.Seed, day.Unix())
	var out []Record
	for _, activity := range []string{"Update user", "Add member to group", "Update device"} {
		c := t.byAdmin(day, r)
		c.activity, c.category, c.operation = activity, "UserManagement", strings.Fields(activity)[0]
		u := t.Users[r.IntN(len(t.Users))]
		c.target = target{ID: u.ID, Name: u.DisplayName, Type: "User", Properties: []modified{}, Units: []string{}}
		c.details = []pair{{"UserType", "Member"}}
		out = append(out, t.audit(c, r))
	}
	for _, p := range t.Principals {
		if n := t.rotations(p, day); o.Drift && n > t.rotations(p, day.AddDate(0, 0, -1)) {
			added := PasswordCredential{KeyID: t.guid("rotated", p.Name, n), DisplayName: "rotated"}
			c := t.byAdmin(day, r)
			c.at = day.Add(time.Second) // before the first sign-in with it
			out = append(out, t.audit(t.newSecret(t.ApplicationOf(p), added, c), r))
		}
	}
	return out
}

// byAdmin is a change by the administrator, in office hours and from the office.
func (t *Tenant) byAdmin(day time.Time, r *rand.Rand) change {
	at := day.Add(8*time.Hour + time.Duration(r.Int64N(int64(9*time.Hour)))).Truncate(100 * time.Nanosecond)
	return change{at: at, user: &t.Users[0], from: t.network(asOffice).addr(r)}
}
