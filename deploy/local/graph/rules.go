package graph

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"time"

	"rekey/deploy/local/directory"
)

// rules are what stands around the credentials of one object: the lock that its application put on its principals, and
// the app management policy that applies to it.
type rules struct {
	lock   directory.Lock
	policy restrictions
	agent  bool // an agent identity, which has no credentials of its own

	registration registration
}

// restrictions are a policy's, by kind of credential.
type restrictions struct {
	PasswordCredentials []restriction
	KeyCredentials      []restriction
}

type restriction struct {
	RestrictionType                     string
	MaxLifetime                         string // ISO 8601
	RestrictForAppsCreatedAfterDateTime time.Time
}

// rules reads what applies to an object, before it is changed.
func (s *Server) rules(collection, id string) rules {
	o, _ := s.directory.Get(collection, id)
	out := rules{policy: s.restrictionsOf(collection, o), agent: o.AgentBlueprintID != ""}
	if collection != directory.ServicePrincipals {
		out.registration = s.registrationOf(id)
		return out
	}
	out.lock.AllProperties = o.Locked
	for _, app := range s.directory.ByAppID(directory.Applications, o.AppID) {
		if app.Lock != nil && app.Lock.IsEnabled {
			out.lock = *app.Lock
		}
	}
	return out
}

// restrictionsOf returns those of the policy assigned to an object, else of the tenant's default.
func (s *Server) restrictionsOf(collection string, o directory.Object) restrictions {
	var p struct {
		IsEnabled                                                           bool
		Restrictions, ApplicationRestrictions, ServicePrincipalRestrictions restrictions
	}
	id := o.AppPolicyID
	if id == "" {
		id = directory.DefaultAppPolicy
	}
	policy, ok := s.directory.Get(directory.AppPolicies, id)
	if !ok || json.Unmarshal(policy.Document, &p) != nil || !p.IsEnabled {
		return restrictions{}
	}
	switch {
	case o.AppPolicyID != "":
		return p.Restrictions
	case collection == directory.Applications:
		return p.ApplicationRestrictions
	}
	return p.ServicePrincipalRestrictions
}

func locked(property string) problem {
	return problem{http.StatusBadRequest, "CannotUpdateLockedServicePrincipalProperty", "Property " + property + " is invalid.", nil}
}

// passwordsChanged refuses any change of client secrets that the lock covers.
func (r rules) passwordsChanged() error {
	if r.lock.AllProperties || r.lock.CredentialsWithUsageVerify {
		return locked("passwordCredentials")
	}
	return nil
}

// keysChanged refuses a new list of keys that differs in what the lock covers.
func (r rules) keysChanged(before, after []directory.KeyCredential) error {
	for _, usage := range []string{"Verify", "Sign"} {
		covered := r.lock.AllProperties || usage == "Verify" && r.lock.CredentialsWithUsageVerify || usage == "Sign" && r.lock.CredentialsWithUsageSign
		if covered && !slices.Equal(idsOf(before, usage), idsOf(after, usage)) {
			return locked("keyCredentials")
		}
	}
	if r.lock.AllProperties && len(before)+len(after) == 0 {
		return locked("keyCredentials")
	}
	return nil
}

func idsOf(keys []directory.KeyCredential, usage string) []string {
	var out []string
	for _, k := range keys {
		if k.Usage == usage {
			out = append(out, k.KeyID)
		}
	}
	slices.Sort(out)
	return out
}

// permitKey refuses a certificate that the policy does not allow on an object created at a time.
func (r rules) permitKey(start, end, created time.Time) error {
	if r.agent {
		return bad("Credentials cannot be added to an agent identity.")
	}
	return permit(r.policy.KeyCredentials, "asymmetricKeyLifetime", "", start, end, created)
}

func (r rules) permitPassword(start, end, created time.Time) error {
	if r.agent {
		return bad("Credentials cannot be added to an agent identity.")
	}
	return permit(r.policy.PasswordCredentials, "passwordLifetime", "passwordAddition", start, end, created)
}

func permit(list []restriction, lifetime, addition string, start, end, created time.Time) error {
	for _, r := range list {
		if !created.IsZero() && created.Before(r.RestrictForAppsCreatedAfterDateTime) {
			continue
		}
		if addition != "" && r.RestrictionType == addition {
			return problem{http.StatusBadRequest, "CredentialTypeNotAllowedAsPerAppPolicy", "Credential type not allowed as per assigned policy 'policy'.", nil}
		}
		if r.RestrictionType == lifetime && end.Sub(start) > lifetimeOf(r.MaxLifetime) {
			message := "Credential lifetime exceeds the max value allowed as per assigned policy 'policy'."
			return problem{http.StatusBadRequest, "CredentialInvalidLifetimeAsPerAppPolicy", message, []detail{{"InvalidKeyEndDate", message, "EndDate"}}}
		}
	}
	return nil
}

var iso8601 = regexp.MustCompile(`^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$`)

// lifetimeOf reads a duration like P4DT12H30M5S; one that is none allows nothing.
func lifetimeOf(text string) time.Duration {
	m := iso8601.FindStringSubmatch(text)
	if m == nil {
		return 0
	}
	var out time.Duration
	for i, unit := range []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second} {
		n, _ := strconv.Atoi(m[i+1])
		out += time.Duration(n) * unit
	}
	return out
}

func (s *Server) defaultAppPolicy(c call) {
	o, ok := c.view.Get(directory.AppPolicies, directory.DefaultAppPolicy)
	if ok {
		answer(c.w, http.StatusOK, document(o))
		return
	}
	none := item{"passwordCredentials": []item{}, "keyCredentials": []item{}}
	answer(c.w, http.StatusOK, item{
		"id": directory.DefaultAppPolicy, "displayName": "Default app management tenant policy", "isEnabled": false,
		"applicationRestrictions": none, "servicePrincipalRestrictions": none,
	})
}

func (s *Server) appPolicies(c call) {
	var items []item
	for _, o := range c.view.List(directory.AppPolicies) {
		if o.ID != directory.DefaultAppPolicy {
			items = append(items, document(o))
		}
	}
	s.page(c, "policies/appManagementPolicies", items)
}

func (s *Server) appPoliciesOf(collection string) func(call) {
	return func(c call) {
		o, ok := c.view.Get(collection, c.id())
		if !ok {
			notFound(c.id()).write(c.w)
			return
		}
		var items []item
		if policy, ok := c.view.Get(directory.AppPolicies, o.AppPolicyID); ok {
			items = append(items, document(policy))
		}
		s.page(c, collection+"/appManagementPolicies", items)
	}
}
