package detect

import (
	"fmt"
	"strings"
	"time"

	"rekey/shared/audit"
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
	case audit.IsCredentials(e.Audit), strings.HasPrefix(activity, "add service principal credentials"):
		return credentials(e)
	case strings.HasPrefix(activity, "add owner to"):
		return []Noted{changed(e, audit.Owned(e.Audit).Key(), baseline.NoteOwnerAdded, "owner added: "+audit.Target(e.Audit, 0).Name)}
	case strings.HasPrefix(activity, "add app role assignment to service principal"):
		return []Noted{changed(e, audit.Client(e.Audit).Key(), baseline.NoteRoleGranted, "app role granted: "+audit.Value(e.Audit, "AppRole.Value"))}
	case strings.HasPrefix(activity, "add member to role") && audit.Target(e.Audit, 0).Type == "ServicePrincipal":
		return []Noted{changed(e, e.Audit.Targets[0].ID, baseline.NoteRoleGranted, "directory role granted: "+audit.Value(e.Audit, "Role.DisplayName"))}
	case activity == "update application" || activity == "update service principal":
		return configuration(e)
	}
	return nil
}

// changed makes a note about a change; its id is the record's, so both records of one change count.
func changed(e *event.Event, key, kind, what string) Noted {
	return Noted{key, baseline.Note{
		Kind: kind, ID: e.ID, Time: e.Time, What: what, Actor: audit.Actor(e.Audit), Caller: callerText(e),
	}}
}

// credentials notes the credentials that are in the new list and not in the old one.
func credentials(e *event.Event) []Noted {
	var out []Noted
	for i, t := range e.Audit.Targets {
		for _, p := range t.Properties {
			if p.Name != "KeyDescription" {
				continue
			}
			for _, k := range audit.AddedKeys(p.Old, p.New) {
				n := changed(e, audit.Principal(e.Audit, i).Key(), baseline.NoteCredentialAdded, "credential added: key id "+k.ID)
				n.Note.ID, n.Note.KeyID = "key/"+k.ID, k.ID
				out = append(out, n)
			}
		}
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
				out = append(out, changed(e, audit.Principal(e.Audit, i).Key(), baseline.NoteCredentialAdded, "federated credential added"))
			case p.Name == "AppAddress" && p.New != p.Old:
				out = append(out, changed(e, audit.Principal(e.Audit, i).Key(), baseline.NoteConfiguration, "redirect URIs changed"))
			}
		}
	}
	return out
}

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
