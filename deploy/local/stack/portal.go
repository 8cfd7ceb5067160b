package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"rekey/deploy/local/entra"
	"rekey/handlers/access"
	"rekey/shared/host/httpapi"
)

// The registration of Rekey's API on this machine.
const (
	APIClientID = "4e4b4559-0000-4000-8000-000000000010"
	APIURI      = "api://rekey"
)

// People of the local tenant, by name.
const (
	Administrator = "ada@contoso.example" // Security Administrator
	Reader        = "rita@contoso.example"
)

// portal registers the API, an application for people, an application that works for itself, and two people. Passwords and
// secrets are new each time.
func portal() (*entra.Portal, error) {
	var secrets [4]string
	for i := range secrets {
		var err error
		if secrets[i], err = secret(); err != nil {
			return nil, err
		}
	}
	var scopes []string
	for _, p := range access.All {
		scopes = append(scopes, p.AnyOf[0]...)
	}
	id := func(n int) string { return fmt.Sprintf("4e4b4559-0000-4000-8000-0000000000%02d", n) }
	return &entra.Portal{
		ClientID: APIClientID, URI: APIURI,
		Clients: []entra.Client{
			{ID: id(11), ObjectID: id(12), Secret: secrets[0], Scopes: scopes},
			{ID: id(13), ObjectID: id(14), Secret: secrets[1], Roles: []string{access.ReadDetections.AnyOf[0][0], access.ReadPrincipals.AnyOf[0][0]}},
		},
		People: []entra.Person{
			{Name: Administrator, ObjectID: id(15), Password: secrets[2], Wids: []string{httpapi.SecurityAdministrator}},
			{Name: Reader, ObjectID: id(16), Password: secrets[3], Wids: []string{httpapi.SecurityReader}},
		},
	}, nil
}

// TokenCommand is the shell command that gets a person's token for the API.
func (s *Stack) TokenCommand(person string) string {
	client, password := s.Portal.Clients[0], ""
	for _, h := range s.Portal.People {
		if h.Name == person {
			password = h.Password
		}
	}
	return fmt.Sprintf(`TOKEN=$(curl -s --cacert '%s' '%s/%s/oauth2/v2.0/token' \
      -d grant_type=password -d client_id=%s --data-urlencode client_secret='%s' \
      -d username=%s --data-urlencode password='%s' -d scope=%s/.default | sed 's/.*"access_token":"\([^"]*\)".*/\1/')`,
		s.Cloud.CAFile, s.Cloud.AuthorityURL, s.config.TenantID, client.ID, client.Secret, person, password, APIURI)
}

// APICommands are shell commands that show the risk API: get a token as an administrator, list, look at a principal,
// dismiss its risk, and see who said what.
func (s *Stack) APICommands(principal string) []string {
	api := s.FaceURL + "/api/identityProtection"
	curl := func(rest string) string { return `curl -s -H "Authorization: Bearer $TOKEN" ` + rest }
	const whole = "-H 'Prefer: include-unknown-enum-members' "
	return []string{
		s.TokenCommand(Administrator),
		curl("'" + api + "/servicePrincipalRiskDetections?$top=5&$select=id,riskEventType,riskLevel,riskState'"),
		curl(whole + "'" + api + "/riskyServicePrincipals/" + principal + "?$select=displayName,riskLevel,riskState,riskDetail'"),
		curl(`-H 'Content-Type: application/json' -d '{"servicePrincipalIds":["` + principal + `"]}' '` + api + "/riskyServicePrincipals/dismiss'"),
		curl(whole + "'" + api + "/riskyServicePrincipals/" + principal + "/history?$select=riskLastUpdatedDateTime,riskState,riskLevel,initiatedBy,activity'"),
	}
}

// resource takes the address of what an order led to out of its text, and hash a plan's hash.
const (
	resource = `sed -n 's/.*"resourceLocation":"\([^"]*\)".*/\1/p'`
	hash     = `sed -n 's/.*"planHash":"\([^"]*\)".*/\1/p'`
)

// RemediationCommands are shell commands that remediate a principal by hand: ask for a plan and read it, ask for approval, say
// yes by the plan's hash, see what was done, see what an undo would bring back, order it, and dismiss the risk. They need the TOKEN of
// APICommands.
func (s *Stack) RemediationCommands(principal string) []string {
	ask := func(rest string) string {
		return `-d '{"servicePrincipalId":"` + principal + `",` + rest + `}' "$REKEY/remediations"`
	}
	yes := func(what string) string {
		return `follow -d "{\"planHash\":\"$(api "$` + what + `" | ` + hash + `)\",\"note\":\"seen\"}" "$` + what + `/approve"`
	}
	ended := func(what string) string {
		return `until api "$` + what + `" | grep -Eq '"state":"(done|watching|contained|failed)"'; do sleep 1; done; api -H 'Accept: text/plain' "$` + what + `" | head -4`
	}
	return []string{
		`REKEY=` + s.FaceURL + `/api`,
		`api() { curl -s -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' "$@"; }`,
		`follow() { # send it, and look at the order that it became until that has ended
      answer=$(api -D - "$@" | tr -d '\r'); at=$(echo "$answer" | sed -n 's/^[Ll]ocation: //p'); [ -n "$at" ] || { echo "$answer" | tail -1; return 1; }
      while api -D - "$at" | grep -q '^HTTP/[0-9.]* 202'; do sleep 1; done; api "$at" | awk '{ gsub(/,"/, ",\n  \""); print }'; }`,
		`REMEDIATION=$(follow ` + ask(`"mode":"plan"`) + ` | ` + resource + `); api -H 'Accept: text/plain' "$REMEDIATION"`,
		`follow ` + ask(`"mode":"approve","reason":"its secret was in a mail"`),
		yes("REMEDIATION"),
		ended("REMEDIATION"),
		`api "$REMEDIATION/ledger" | grep -o '"text":"[^"]*"'`,
		`follow -d '{}' "$REMEDIATION/undo"`,
		`UNDO=$(follow -d '{"apply":true}' "$REMEDIATION/undo" | ` + resource + `)`,
		yes("UNDO"),
		ended("UNDO"),
		`api -d '{"servicePrincipalIds":["` + principal + `"]}' "$REKEY/identityProtection/riskyServicePrincipals/dismiss"`,
	}
}

// Token gets a person's token for the API.
func (s *Stack) Token(ctx context.Context, person string) (string, error) {
	client := s.Portal.Clients[0]
	form := url.Values{
		"grant_type": {"password"}, "client_id": {client.ID}, "client_secret": {client.Secret}, "username": {person}, "scope": {APIURI + "/.default"},
	}
	for _, h := range s.Portal.People {
		if h.Name == person {
			form.Set("password", h.Password)
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.Cloud.AuthorityURL+"/"+s.config.TenantID+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := s.Cloud.Client().Do(req)
	if err != nil {
		return "", fmt.Errorf("getting a token of %s: %w", person, err)
	}
	defer resp.Body.Close()
	var out struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil || out.Token == "" {
		return "", fmt.Errorf("getting a token of %s: status %d (%w)", person, resp.StatusCode, err)
	}
	return out.Token, nil
}
