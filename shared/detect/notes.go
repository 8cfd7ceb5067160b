package detect

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"rekey/shared/baseline"
	"rekey/shared/event"
)

// Noted is a note and the state it belongs to: a principal's key.
type Noted struct {
	Key  string
	Note baseline.Note
}

// Notes returns what a case would want to know from an event, and nothing for most events.
func Notes(e *event.Event) []Noted {
	switch {
	case e.Kind == event.KindSignIn && !e.SignIn.Succeeded():
		return []Noted{failure(e)}
	case e.Audit != nil && e.Audit.Result != "failure":
		return change(e)
	case e.Vault != nil:
		return vault(e)
	}
	return nil
}

func failure(e *event.Event) Noted {
	caller := callerText(e)
	return Noted{e.Principal.Key(), baseline.Note{
		Kind: baseline.NoteFailure, ID: fmt.Sprintf("%s/%d/%s", baseline.DayOf(e.Time), e.SignIn.ErrorCode, caller),
		Time: e.Time.Truncate(time.Hour), What: fmt.Sprintf("sign-in failed: AADSTS%d", e.SignIn.ErrorCode), Caller: caller,
		KeyID: e.SignIn.CredentialKeyID,
	}}
}

func callerText(e *event.Event) string {
	if !e.Caller.IsValid() {
		return ""
	}
	return e.Caller.String()
}

// change notes what a directory change did to a principal. The order of the cases is the order of activity names in
// Microsoft's reference; a federated credential has no activity of its own.
func change(e *event.Event) []Noted {
	activity := strings.ToLower(e.Audit.Activity)
	switch {
	case strings.Contains(activity, "certificates and secrets management"), strings.HasPrefix(activity, "add service principal credentials"):
		return credentials(e)
	case strings.HasPrefix(activity, "add owner to"):
		return []Noted{changed(e, ownedKey(e), baseline.NoteOwnerAdded, "owner added: "+targetName(e, 0))}
	case strings.HasPrefix(activity, "add app role assignment to service principal"):
		return []Noted{changed(e, propertyID(e, "ServicePrincipal.ObjectID"), baseline.NoteRoleGranted, "app role granted: "+property(e, "AppRole.Value"))}
	case strings.HasPrefix(activity, "add member to role") && targetType(e, 0) == "ServicePrincipal":
		return []Noted{changed(e, e.Audit.Targets[0].ID, baseline.NoteRoleGranted, "directory role granted: "+property(e, "Role.DisplayName"))}
	case activity == "update application" || activity == "update service principal":
		return configuration(e)
	}
	return nil
}

// changed makes a note about a change; its id is the record's, so both records of one change count.
func changed(e *event.Event, key, kind, what string) Noted {
	return Noted{key, baseline.Note{
		Kind: kind, ID: e.ID, Time: e.Time, What: what, Actor: actor(e), Caller: callerText(e),
	}}
}

func actor(e *event.Event) string {
	if e.Audit.Actor.UserID != "" {
		return "user:" + e.Audit.Actor.UserID
	}
	return e.Audit.Actor.Principal.Key()
}

// keyIdentifier finds the ids in a KeyDescription: [KeyIdentifier=...,KeyType=Password,...]. DisplayName is free text
// and may hold anything, so only an identifier at the beginning of an entry counts.
var keyIdentifier = regexp.MustCompile(`\[KeyIdentifier=([0-9a-fA-F-]{8,40}),KeyType=`)

// credentials notes the credentials that are in the new list and not in the old one.
func credentials(e *event.Event) []Noted {
	var out []Noted
	for i, t := range e.Audit.Targets {
		for _, p := range t.Properties {
			if p.Name != "KeyDescription" {
				continue
			}
			for _, id := range added(p.Old, p.New) {
				n := changed(e, targetKey(e, i), baseline.NoteCredentialAdded, "credential added: key id "+id)
				n.Note.ID, n.Note.KeyID = "key/"+id, id
				out = append(out, n)
			}
		}
	}
	return out
}

func added(before, after string) []string {
	had := keyIDs(before)
	return slices.DeleteFunc(keyIDs(after), func(id string) bool { return slices.Contains(had, id) })
}

func keyIDs(description string) []string {
	var out []string
	for _, m := range keyIdentifier.FindAllStringSubmatch(description, -1) {
		out = append(out, strings.ToLower(m[1]))
	}
	return out
}

// configuration notes a federated credential and changed redirect URIs.
func configuration(e *event.Event) []Noted {
	var out []Noted
	for i, t := range e.Audit.Targets {
		for _, p := range t.Properties {
			switch {
			case p.Name == "FederatedIdentityCredentials" && len(p.New) > len(p.Old):
				out = append(out, changed(e, targetKey(e, i), baseline.NoteCredentialAdded, "federated credential added"))
			case p.Name == "AppAddress" && p.New != p.Old:
				out = append(out, changed(e, targetKey(e, i), baseline.NoteConfiguration, "redirect URIs changed"))
			}
		}
	}
	return out
}

// targetKey returns the key of the principal behind a target. An application's object id is neither its appId nor its
// principal's id; additionalDetails has the appId of the first target.
func targetKey(e *event.Event, i int) string {
	t := e.Audit.Targets[i]
	if t.Type == "ServicePrincipal" {
		return t.ID
	}
	if id := e.Audit.Additional["AppId"]; id != "" && i == 0 {
		return event.Principal{AppID: strings.ToLower(id)}.Key()
	}
	return ""
}

// ownedKey returns the key of what got an owner: the first target is the owner, the thing owned is in its properties.
func ownedKey(e *event.Event) string {
	if id := propertyID(e, "ServicePrincipal.ObjectID"); id != "" {
		return id
	}
	return event.Principal{AppID: propertyID(e, "Application.AppId")}.Key()
}

func targetName(e *event.Event, i int) string {
	if i < len(e.Audit.Targets) {
		return e.Audit.Targets[i].Name
	}
	return ""
}

func targetType(e *event.Event, i int) string {
	if i < len(e.Audit.Targets) {
		return e.Audit.Targets[i].Type
	}
	return ""
}

// property finds a modified property's new value by name, never by position: positions are not stable.
func property(e *event.Event, name string) string {
	for _, t := range e.Audit.Targets {
		for _, p := range t.Properties {
			if p.Name == name {
				return strings.Trim(p.New, `"`)
			}
		}
	}
	return ""
}

func propertyID(e *event.Event, name string) string { return strings.ToLower(property(e, name)) }

// vault notes secrets that a workload read, or tried to. A person's access is not the principal's.
func vault(e *event.Event) []Noted {
	v := e.Vault
	if v.UserID != "" || !strings.HasPrefix(v.Object, "secrets/") {
		return nil
	}
	kind, what := baseline.NoteSecretRead, "read "
	switch {
	case v.Operation != "SecretGet" && v.Operation != "SecretBackup":
		return nil
	case v.Status == 403:
		kind, what = baseline.NoteSecretDenied, "was refused "
	case v.Status != 200:
		return nil
	}
	return []Noted{{e.Principal.Key(), baseline.Note{
		Kind: kind, ID: fmt.Sprintf("%s/%s/%s", baseline.DayOf(e.Time), v.Vault, v.Object), Time: e.Time.Truncate(time.Hour),
		What: what + v.Vault + "/" + v.Object, Actor: e.Principal.Key(), Caller: callerText(e),
	}}}
}
