package pattern_test

import (
	"fmt"
	"time"

	"rekey/shared/pattern"
	"rekey/shared/privilege"
	"rekey/shared/score"
	"rekey/shared/trail"
)

const (
	none   = score.LevelNone
	low    = score.LevelLow
	medium = score.LevelMedium
	high   = score.LevelHigh
)

// cases are the true and false cases of every pattern.
func cases() map[string]map[string]testCase {
	cred := change(trail.CredentialAdded, minutes(0), key("k1"))
	mail := change(trail.AppRoleGranted, minutes(90), what("Mail.Read on Microsoft Graph"), tier(privilege.Tier1))
	control := change(trail.AppRoleGranted, minutes(-200), what("RoleManagement.ReadWrite.Directory on Microsoft Graph"), tier(privilege.Tier0))
	made := change(trail.Created, minutes(-10))
	role := change(trail.RoleGranted, minutes(0), what("Global Administrator"), tier(privilege.Tier0))
	roleTaken := change(trail.RoleRemoved, minutes(20), what("Global Administrator"))
	strange := seen("", "Rekey", medium, minutes(0))

	out := map[string]map[string]testCase{
		"credentialBesideGrant": {
			"a secret, and mail an hour later":             {on(cred, mail), medium},
			"a secret, and the control plane hours before": {on(cred, control), high},
			"both by a declared deployer":                  {with(on(cred, mail), deployers("anna")), low},
			"one of both by a suspect":                     {with(on(change(trail.CredentialAdded, minutes(0), key("k1"), by("sp9")), mail), suspects("sp9")), high},
			"an application that is being set up":          {on(made, cred, mail), low},
			"a harmless permission":                        {on(cred, change(trail.AppRoleGranted, minutes(5), what("User.Read"), tier(privilege.Tier2))), none},
			"two days between them":                        {on(cred, change(trail.Consented, minutes(2*24*60), tier(privilege.Tier0))), none},
		},
		"grantAfterCreation": {
			"mail within the hour":               {on(made, change(trail.Consented, minutes(20), what("Mail.Read"), tier(privilege.Tier1))), low},
			"the control plane within the hour":  {on(made, change(trail.AppRoleGranted, minutes(20), tier(privilege.Tier0))), medium},
			"by an application":                  {on(made, change(trail.AppRoleGranted, minutes(20), by("sp9"), tier(privilege.Tier1))), medium},
			"hours later":                        {on(made, change(trail.Consented, minutes(120), tier(privilege.Tier1))), none},
			"granted before another was created": {on(made, change(trail.Consented, minutes(-20), tier(privilege.Tier1))), none},
		},
		"credentialThenSignIn": {
			"used on the same day":        {with(on(cred), active(20, 1, "old"), active(0, 0, "k1")), low},
			"by a declared deployer":      {with(on(cred), active(0, 0, "k1"), deployers("anna")), none},
			"only the old one is used":    {with(on(cred), active(20, 0, "old")), none},
			"it was used before already":  {with(on(cred), active(20, 0, "k1")), none},
			"nothing is known of its use": {on(cred), none},
		},
		"dormantRevived": {
			"silent for 40 days":                   {with(on(cred), active(50, 40, "old")), low},
			"silent for 40 days, then it signs in": {with(on(cred), active(50, 40, "old"), active(0, 0, "k1")), medium},
			"it works every day":                   {with(on(cred), active(50, 1, "old")), none},
			"it never signed in":                   {with(on(cred), active(0, 0, "k1")), none},
		},
		"shortLife": {
			"made, armed and deleted":       {on(made, cred, change(trail.Deleted, minutes(30))), medium},
			"made, made strong and deleted": {on(made, mail, change(trail.Deleted, minutes(95))), high},
			"made and deleted":              {on(made, change(trail.Deleted, minutes(30))), none},
			"deleted after a week":          {on(made, cred, change(trail.Deleted, minutes(7*24*60))), none},
		},
		"roleGivenAndTaken": {
			"twenty minutes of power": {on(role, roleTaken), high},
			"by a declared deployer":  {with(on(role, roleTaken), deployers("anna")), medium},
			"a small permission":      {on(change(trail.AppRoleGranted, minutes(0), what("x")), change(trail.AppRoleRemoved, minutes(9), what("x"))), low},
			"another role is taken":   {on(role, change(trail.RoleRemoved, minutes(20), what("Reader"))), none},
			"taken on the next day":   {on(role, change(trail.RoleRemoved, minutes(24*60), what("Global Administrator"))), none},
		},
		"permissionsCreep": creepCases(),
		"enabledByAnother": {
			"enabled by another":     {on(change(trail.Disabled, minutes(0)), change(trail.Enabled, minutes(60), by("user:eve"))), medium},
			"Rekey's block is ended": {on(change(trail.Disabled, minutes(0), by("rekey")), change(trail.Enabled, minutes(60), by("user:eve"))), high},
			"by the same person":     {on(change(trail.Disabled, minutes(0)), change(trail.Enabled, minutes(60))), none},
			"Rekey enables it again": {on(change(trail.Disabled, minutes(0)), change(trail.Enabled, minutes(60), by("rekey"))), none},
		},
		"powerfulGotWayIn": {
			"a secret for what may give out roles": {on(control, cred), medium},
			"by an application":                    {on(control, change(trail.OwnerAdded, minutes(0), by("sp9"))), high},
			"Graph says that it is powerful":       {with(on(cred), func(f *pattern.Facts) { f.Tier = privilege.Tier0 }), medium},
			"by a declared deployer":               {with(on(control, cred), deployers("anna")), low},
			"it became powerful afterwards":        {on(cred, change(trail.RoleGranted, minutes(9), tier(privilege.Tier0))), none},
			"it is not powerful":                   {on(cred), none},
		},
		"firstTimeActor":   actorCases(),
		"changedBySuspect": suspectCases(),
	}
	for id, list := range actingCases() {
		out[id] = list
	}
	out["unfamiliarThenListing"] = map[string]testCase{
		"listed within the hour":   {with(on(), detections(strange, seen("graphEnumeration", "Rekey", medium, minutes(50)))), high},
		"listed before":            {with(on(), detections(strange, seen("graphEnumeration", "Rekey", medium, minutes(-50)))), none},
		"listed, and nothing else": {with(on(), detections(seen("graphEnumeration", "Rekey", medium, minutes(50)))), none},
	}
	out["unfamiliarThenPower"] = map[string]testCase{
		"a new vault within the hour":   {with(on(), detections(strange, seen("vaultFirstUse", "Rekey", low, minutes(50)))), high},
		"one new secret of its vault":   {with(on(), detections(strange, seen("secretFirstRead", "Rekey", low, minutes(50)))), none},
		"two days later":                {with(on(), detections(strange, seen("vaultFirstUse", "Rekey", low, minutes(2*24*60)))), none},
		"the sign-in is hardly strange": {with(on(), detections(seen("", "Rekey", low, minutes(0)), seen("vaultFirstUse", "Rekey", low, minutes(50)))), none},
	}
	out["microsoftAgrees"] = map[string]testCase{
		"both on one day":            {with(on(), detections(strange, seen("microsoftRisk", "IdentityProtection", medium, minutes(600)))), high},
		"Microsoft alone":            {with(on(), detections(seen("microsoftRisk", "IdentityProtection", high, minutes(600)))), none},
		"a month between them":       {with(on(), detections(strange, seen("microsoftRisk", "IdentityProtection", medium, minutes(30*24*60)))), none},
		"Microsoft's finding is low": {with(on(), detections(strange, seen("microsoftRisk", "IdentityProtection", low, minutes(600)))), none},
	}
	return out
}

func creepCases() map[string]testCase {
	grants := func(n, hoursApart int, t privilege.Tier) pattern.Facts {
		var es []trail.Entry
		for i := range n {
			es = append(es, change(trail.AppRoleGranted, minutes(i*hoursApart*60), what(fmt.Sprint("p", i)), tier(t)))
		}
		return on(es...)
	}
	return map[string]testCase{
		"six in a week":                  {grants(6, 24, privilege.Tier2), low},
		"six of the control plane":       {grants(6, 24, privilege.Tier0), medium},
		"six at once, as a new one gets": {grants(6, 0, privilege.Tier2), none},
		"five in a week":                 {grants(5, 24, privilege.Tier2), none},
		"six in half a year":             {grants(6, 24*30, privilege.Tier2), none},
	}
}

func actorCases() map[string]testCase {
	cred, early := change(trail.CredentialAdded, minutes(0), key("k1")), change(trail.CredentialAdded, minutes(-240), key("k1"))
	return map[string]testCase{
		"his first credential, at his usual hour": {with(on(early), history("user:anna", 20, trail.OwnerAdded)), low},
		"his first credential, at a strange hour": {with(on(cred), history("user:anna", 20, trail.OwnerAdded)), medium},
		"what he does, at a strange hour":         {with(on(cred), history("user:anna", 20, trail.CredentialAdded)), low},
		"what he does, at his usual hour":         {with(on(early), history("user:anna", 20, trail.CredentialAdded)), none},
		"a declared deployer":                     {with(on(cred), history("user:anna", 20, trail.OwnerAdded), deployers("anna")), none},
		"the log began two days ago":              {with(on(cred), history("user:anna", 2, trail.OwnerAdded), func(f *pattern.Facts) { f.Since = noon.AddDate(0, 0, -2) }), none},
		"nothing is known of the actor":           {on(cred), none},
	}
}

func suspectCases() map[string]testCase {
	cred := change(trail.CredentialAdded, minutes(0), key("k1"), by("sp9"))
	return map[string]testCase{
		"a credential by a suspect":      {with(on(cred), suspects("sp9")), high},
		"an owner by a suspect":          {with(on(change(trail.OwnerAdded, minutes(0), by("sp9"))), suspects("sp9")), medium},
		"a suspect removes a credential": {with(on(change(trail.CredentialRemoved, minutes(0), by("sp9"))), suspects("sp9")), none},
		"nobody is suspected":            {on(cred), none},
		"the suspect's work of the days before": {with(on(cred), suspects("sp9"), func(f *pattern.Facts) {
			f.SuspectSince = map[string]time.Time{"sp9": minutes(60)}
		}), none},
	}
}

// actingCases are those of what the principal does itself.
func actingCases() map[string]map[string]testCase {
	self := by("sp1")
	control := change(trail.AppRoleGranted, minutes(-200), what("AppRoleAssignment.ReadWrite.All on Microsoft Graph"), tier(privilege.Tier0))
	gave := change(trail.RoleGranted, minutes(0), self, target("user:eve", "eve"), what("Global Administrator"), tier(privilege.Tier0))
	made := change(trail.Created, minutes(0), self, target("app:new", "backup"))
	armed := change(trail.CredentialAdded, minutes(5), self, target("app:new", "backup"), key("k9"))
	mail := change(trail.AppRoleGranted, minutes(9), self, target("sp-new", "backup"), what("full_access_as_app on Exchange"), tier(privilege.Tier1))
	key1 := func(n int, t string) trail.Entry {
		return change(trail.CredentialAdded, minutes(n), self, target(t, t), key(fmt.Sprint("k", n)))
	}
	row := func(apart int) (es []trail.Entry) {
		for i := range 5 {
			es = append(es, change(trail.Created, minutes(i*apart), self, target(fmt.Sprint("app:", i), fmt.Sprint("a", i))))
		}
		return es
	}
	return map[string]map[string]testCase{
		"powerUsed": {
			"the power is used the same day": {on(control, gave), high},
			"it had no power":                {on(gave), none},
			"it gives the power to itself":   {on(change(trail.RoleGranted, minutes(0), self, what("Global Administrator"), tier(privilege.Tier0))), none},
			"the power came afterwards":      {on(change(trail.AppRoleGranted, minutes(9), tier(privilege.Tier0)), gave), none},
		},
		"buildsAnother": {
			"made and armed":                 {on(made, armed), medium},
			"made, armed and given all mail": {on(made, armed, mail), high},
			"made, and another one armed":    {on(made, change(trail.CredentialAdded, minutes(5), self, target("app:old", "old"))), none},
			"made, and armed by a person":    {on(made, change(trail.CredentialAdded, minutes(5), target("app:new", "backup"))), none},
		},
		"manyCreated": {
			"five in five minutes": {on(row(1)...), medium},
			"five in a day":        {on(row(60)...), none},
			"made by somebody who made many": {with(on(change(trail.Created, minutes(0))), func(f *pattern.Facts) {
				f.Actors = map[string]*trail.Trail{"user:anna": new(trail.Trail)}
				for i := range 6 {
					f.Actors["user:anna"].Add(trail.By, trail.Entry{Act: trail.Created, Time: minutes(i - 3), Record: fmt.Sprint(i)})
				}
			}), medium},
		},
		"firstTimeAct": {
			"a workload of weeks begins": {with(on(gave), active(20, 1, "k")), medium},
			"it is its work":             {with(on(gave, change(trail.RoleGranted, minutes(-9*24*60), self)), active(20, 1, "k")), none},
			"the workload is new":        {with(on(gave), active(3, 1, "k")), none},
		},
		"credentialsOnMany": {
			"three others":                 {on(key1(1, "app:a"), key1(2, "app:b"), key1(3, "app:c")), high},
			"three, by a declared service": {with(on(key1(1, "app:a"), key1(2, "app:b"), key1(3, "app:c")), deployers("sp1")), medium},
			"itself and two others":        {on(key1(1, "app:app1"), key1(2, "app:b"), key1(3, "app:c")), none},
			"three in three weeks":         {on(key1(1, "app:a"), key1(10000, "app:b"), key1(20000, "app:c")), none},
		},
		"unfamiliarThenChange": {
			"a role given after it":  {with(on(gave), detections(seen("", "Rekey", medium, minutes(-9)))), high},
			"a role given before it": {with(on(gave), detections(seen("", "Rekey", medium, minutes(9)))), none},
			"a role given, no more":  {on(gave), none},
		},
	}
}
