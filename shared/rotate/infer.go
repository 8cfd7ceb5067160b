package rotate

import (
	"encoding/base64"
	"regexp"
	"strings"
)

// Sealed is a secret value that does not print. Only the functions of this file open it, and they keep nothing of it.
type Sealed interface {
	Reveal() string
}

// Guess is what a value looks like. It is a guess: whoever acts on it proves it first. Name is the provider's own name in
// the value (an account, a namespace), in lower case, which is no secret and was maybe written by an intruder; Provider is filled
// by who looked the name up among the tenant's resources and found exactly one.
type Guess struct {
	Kind     Kind   `json:"kind"`
	Name     string `json:"name,omitempty"`
	Provider string `json:"provider,omitempty"`
	Why      string `json:"why,omitempty"` // of OwnerAction
}

// The longest secret that Key Vault stores is 25 KB; what is longer is not looked at.
const maxValue = 25 << 10

var (
	storageName = regexp.MustCompile(`^[a-z0-9]{3,24}$`)
	hostName    = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,62}$`)
	entraSecret = regexp.MustCompile(`^[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}$`) // as public secret scanners know it
)

// Infer tells by its shape what a value is. It reads connection strings, which name their provider; of a bare key it says
// only that nothing in it tells whose it is.
func Infer(v Sealed) Guess {
	text := strings.TrimSpace(v.Reveal())
	unknown := Guess{Kind: OwnerAction, Why: "nothing in its shape says what made it"}
	if text == "" || len(text) > maxValue {
		return unknown
	}
	fields := fieldsOf(text)
	switch {
	case fields["accountendpoint"] != "" && isKey(fields["accountkey"]):
		return named(CosmosKey, hostOf(fields["accountendpoint"], ".documents.azure.com"), hostName)
	case fields["accountname"] != "" && isKey(fields["accountkey"]):
		return named(StorageKey, strings.ToLower(fields["accountname"]), storageName)
	case strings.HasPrefix(strings.ToLower(fields["endpoint"]), "sb://") && fields["sharedaccesskey"] != "":
		g := named(BusKey, hostOf(fields["endpoint"], ".servicebus.windows.net"), hostName)
		if g.Kind == BusKey && !segment.MatchString(fields["sharedaccesskeyname"]) {
			return Guess{Kind: OwnerAction, Why: "it looks like a Service Bus or Event Hubs connection string without the name of a rule"}
		}
		if g.Kind == BusKey {
			g.Name += "/" + strings.ToLower(fields["sharedaccesskeyname"])
		}
		return g
	case strings.Contains(strings.ToLower(text), ".redis.cache.windows.net") && redisPassword(text):
		host, _, _ := strings.Cut(text, ",")
		return named(RedisKey, hostOf(host, ".redis.cache.windows.net"), hostName)
	case entraSecret.MatchString(text):
		return Guess{Kind: OwnerAction, Why: "it looks like a client secret, and nothing in it says of which application: tag it with " + TagProvider}
	case strings.Contains(text, "-----BEGIN ") && strings.Contains(text, "PRIVATE KEY-----"):
		return Guess{Kind: OwnerAction, Why: "it is a private key that no certificate manages"}
	case strings.Contains(text, "sig=") && strings.Contains(text, "sv="):
		return Guess{Kind: OwnerAction, Why: "it is a shared access signature: it ends with the key that signed it"}
	case isKey(text):
		return Guess{Kind: OwnerAction, Why: "it looks like a bare account key, and nothing in it says of which account: tag it with " + TagProvider}
	}
	return unknown
}

// named makes a guess with a provider's name, if that can be one.
func named(k Kind, name string, form *regexp.Regexp) Guess {
	if !form.MatchString(name) {
		return Guess{Kind: OwnerAction, Why: "it looks like a connection string whose provider has no name that Azure would give"}
	}
	return Guess{Kind: k, Name: name}
}

// choice is what a guess leads to: a rotator only where the provider was found.
func (g *Guess) choice() Choice {
	switch {
	case g.Kind == OwnerAction || !g.Kind.Paired():
		why := g.Why
		if why == "" {
			why = "nothing in its shape says what made it"
		}
		return Choice{Kind: OwnerAction, Why: why}
	case KindOf(g.Provider) != g.Kind:
		return Choice{Kind: OwnerAction, Why: "it looks like a " + string(g.Kind) + " of " + plain(g.Name) + ", which is not among the resources that Rekey sees, or is there more than once"}
	}
	return Choice{Kind: g.Kind, Provider: g.Provider, Inferred: true}
}

// fieldsOf reads "Name=value;Name=value"; a value may hold equals signs.
func fieldsOf(text string) map[string]string {
	out := map[string]string{}
	for part := range strings.SplitSeq(text, ";") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if ok && len(out) < 32 {
			out[strings.ToLower(strings.TrimSpace(name))] = strings.TrimSpace(value)
		}
	}
	return out
}

// hostOf returns the first label of a URL's or address's host if the rest is the domain, else "".
func hostOf(address, domain string) string {
	a := strings.ToLower(address)
	if _, rest, ok := strings.Cut(a, "://"); ok {
		a = rest
	}
	a, _, _ = strings.Cut(a, "/")
	a, _, _ = strings.Cut(a, ":")
	name, ok := strings.CutSuffix(a, domain)
	if !ok {
		return ""
	}
	return name
}

func redisPassword(text string) bool {
	for part := range strings.SplitSeq(text, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if ok && strings.EqualFold(name, "password") && value != "" {
			return true
		}
	}
	return false
}

// isKey reports whether a text is base64 of 64 bytes: a key of a storage or a Cosmos DB account.
func isKey(text string) bool {
	b, err := base64.StdEncoding.DecodeString(text)
	return err == nil && len(b) == 64
}

// minKey is the shortest text that is taken for a provider's key: a short one is in every value by chance, or by intent.
const minKey = 24

// Holds reports whether a stored value is a provider's key, or a connection string with it.
func Holds(stored, key Sealed) bool {
	k := key.Reveal()
	return len(k) >= minKey && strings.Contains(stored.Reveal(), k)
}

// Substitute returns what a stored value becomes when a key is replaced by another: the key itself, or the same
// connection string with the new one. ok is false when the value does not hold the old key.
func Substitute(stored, old, key Sealed) (text string, ok bool) {
	if !Holds(stored, old) || len(key.Reveal()) < minKey {
		return "", false
	}
	return strings.ReplaceAll(stored.Reveal(), old.Reveal(), key.Reveal()), true
}
