package rotate

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"rekey/shared/reach"
)

// Kind names the rotator of a target.
type Kind string

// The kinds. Pairs are those of whose two keys one always works.
const (
	Random       Kind = "random"       // a random value that Rekey owns: nothing but its readers knows it
	StorageKey   Kind = "storageKey"   // pair: key1 and key2 of a storage account
	BusKey       Kind = "busKey"       // pair: an authorization rule of an Event Hubs or Service Bus namespace, or of something in it
	CosmosKey    Kind = "cosmosKey"    // two pairs: those that write, and those that only read
	RedisKey     Kind = "redisKey"     // pair
	ClientSecret Kind = "clientSecret" // of an application in Entra
	Certificate  Kind = "certificate"  // a secret that a Key Vault certificate manages
	Webhook      Kind = "webhook"      // somebody else's rotator, called by its name in Rekey's settings
	OwnerAction  Kind = "ownerAction"  // nobody here can: its owner is told what to do
)

// Tags. The first three are the contract of Microsoft's rotation samples, the others are Rekey's own.
const (
	TagProvider   = reach.TagProvider
	TagCredential = reach.TagCredential
	TagValidity   = "ValidityPeriodDays"

	TagRotator   = "rekey-rotator"   // a Kind: overrules what the provider's address says
	TagValue     = "rekey-value"     // name of a random value: secrets with the same name hold the same
	TagWebhook   = "rekey-webhook"   // name of a webhook in Rekey's settings; never an address, because anybody who may write a secret may write tags
	TagOwner     = "rekey-owner"     // whom to tell
	TagNever     = "rekey"           // with the value "never": left to its owner
	TagOperation = "rekey-operation" // on versions that Rekey stored: Mark of the operation; so a repeated step finds its own work
	TagInfer     = "rekey-infer"     // on a vault, with the value "true": values may be read to see what they are
)

// maxTags is how many tags a secret may have; Rekey needs one, and CredentialId.
const maxTags = 15

// Choice is what rotates a secret.
type Choice struct {
	Kind       Kind
	Provider   string // resource id, or an application's id
	Credential string // name of the key or key id, as tagged: a claim until it is proven
	Pair       string // of Cosmos DB: "" or "readonly"
	Value      string // name of a shared random value
	Webhook    string
	Days       int    // of validity, as tagged; 0 carries the old life over
	Inferred   bool   // from the value's shape
	Why        string // of OwnerAction
	todo       string // what its owner is asked to do, where that is special
}

// pairs are the names of the keys of a kind, as the provider takes them: of a pair, first and second.
var pairs = map[Kind]map[string][2]string{
	StorageKey: {"": {"key1", "key2"}},
	BusKey:     {"": {"PrimaryKey", "SecondaryKey"}},
	CosmosKey:  {"": {"primary", "secondary"}, readonly: {"primaryReadonly", "secondaryReadonly"}},
	RedisKey:   {"": {"Primary", "Secondary"}},
}

const readonly = "readonly"

// Keys returns the names of the two keys of a pair, and false for a kind that has none.
func Keys(k Kind, pair string) (keys [2]string, ok bool) {
	keys, ok = pairs[k][pair]
	return keys, ok
}

// Paired reports whether a kind is a pair of keys.
func (k Kind) Paired() bool { return pairs[k] != nil }

// types are the resource types of providers; of authorization rules, the beginning.
var types = []struct {
	name string
	kind Kind
}{
	{"microsoft.storage/storageaccounts", StorageKey},
	{"microsoft.documentdb/databaseaccounts", CosmosKey},
	{"microsoft.cache/redis", RedisKey},
	{"microsoft.eventhub/namespaces/", BusKey},
	{"microsoft.servicebus/namespaces/", BusKey},
}

// KindOf returns the kind of a provider by its resource id, or OwnerAction. The id comes from tags and logs: it has to have
// the exact form, or it would lead to another resource than the one that is shown.
func KindOf(id string) Kind {
	t := typeOf(id)
	for _, p := range types {
		rule := strings.HasSuffix(p.name, "/")
		if t == p.name && !rule || rule && strings.HasPrefix(t, p.name) && strings.HasSuffix(t, "/authorizationrules") {
			return p.kind
		}
	}
	return OwnerAction
}

var (
	segment = regexp.MustCompile(`^[A-Za-z0-9._$()-]{1,128}$`)
	guid    = regexp.MustCompile(`(?i)^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$`)
)

// typeOf returns the type of a resource in lower case, or "" for what is no id of a resource in a resource group.
func typeOf(id string) string {
	parts := strings.Split(id, "/")
	if len(parts) < 9 || len(parts)%2 == 0 || parts[0] != "" || !strings.EqualFold(parts[1], "subscriptions") ||
		!strings.EqualFold(parts[3], "resourceGroups") || !strings.EqualFold(parts[5], "providers") || !guid.MatchString(parts[2]) {
		return ""
	}
	for _, p := range parts[1:] {
		if !segment.MatchString(p) || strings.Trim(p, ".") == "" {
			return ""
		}
	}
	t := []string{parts[6]}
	for i := 7; i < len(parts); i += 2 {
		t = append(t, parts[i])
	}
	return strings.ToLower(strings.Join(t, "/"))
}

func subscriptionOf(id string) string {
	parts := strings.Split(strings.ToLower(id), "/")
	if len(parts) > 2 && parts[1] == "subscriptions" {
		return parts[2]
	}
	return ""
}

// Choose finds the rotator of a secret: what manages it, then its tags, then what its vault lets be inferred (guess; nil
// where nothing was). Whatever is not sure is the owner's.
func Choose(s reach.Secret, guess *Guess) Choice {
	tag := func(name string) string { return strings.TrimSpace(reach.Tag(s.Tags, name)) }
	owner := func(format string, args ...any) Choice {
		return Choice{Kind: OwnerAction, Why: fmt.Sprintf(format, args...)}
	}
	c := Choice{Kind: Kind(tag(TagRotator)), Provider: strings.TrimSuffix(tag(TagProvider), "/"), Credential: tag(TagCredential), Value: tag(TagValue), Webhook: tag(TagWebhook)}
	c.Days, _ = strconv.Atoi(tag(TagValidity)) // what is no number is none
	c.Days = min(max(c.Days, 0), 3650)
	switch {
	case strings.EqualFold(tag(TagNever), "never"):
		return owner("its tag says that Rekey does not touch it")
	case s.Managed:
		return Choice{Kind: Certificate}
	case !s.Enabled:
		return owner("its newest version is disabled: what it holds cannot be proven")
	case !room(s.Tags):
		return owner("it has %d tags, and there is no room for the one that marks Rekey's work", len(s.Tags))
	case c.Kind == "" && c.Provider == "" && c.Webhook != "":
		c.Kind = Webhook
	case c.Kind == "" && c.Provider == "" && guess != nil:
		return guess.choice()
	case c.Kind == "" && c.Provider == "":
		return owner("nothing says what made it: it has no tag %s or %s", TagProvider, TagRotator)
	}
	return c.complete(s, owner)
}

// room reports whether the tags that Rekey adds fit.
func room(tags map[string]string) bool {
	n := len(tags)
	for _, name := range []string{TagOperation, TagCredential} {
		if reach.Tag(tags, name) == "" {
			n++
		}
	}
	return n <= maxTags
}

// complete checks that a tagged choice has what its rotator needs.
func (c Choice) complete(s reach.Secret, owner func(string, ...any) Choice) Choice {
	app, _, isApp := reach.Application(s.Tags)
	of := KindOf(c.Provider)
	if c.Kind == "" && isApp {
		c.Kind = ClientSecret
	}
	if c.Kind == "" {
		c.Kind = of
	}
	switch {
	case c.Kind == OwnerAction:
		return owner("Rekey has no rotator for its provider %s: name one of your own with the tag %s", plain(c.Provider), TagWebhook)
	case c.Kind == ClientSecret && !isApp:
		return owner("its provider %q is no application", plain(c.Provider))
	case c.Kind == ClientSecret:
		c.Provider, c.Credential = app, strings.ToLower(c.Credential)
	case c.Kind.Paired() && of != c.Kind:
		return owner("its tags name the rotator %s and the provider %q, which do not fit together", c.Kind, plain(c.Provider))
	case c.Kind == CosmosKey && strings.Contains(strings.ToLower(c.Credential), readonly):
		c.Pair = readonly
	case c.Kind == Webhook && !segment.MatchString(c.Webhook):
		return owner("it has no tag %s with the name of a webhook", TagWebhook)
	case c.Kind == Certificate:
		return owner("its tag says certificate, and no certificate manages it")
	case !slices.Contains([]Kind{Random, StorageKey, BusKey, CosmosKey, RedisKey, ClientSecret, Webhook}, c.Kind):
		return owner("its tag %s names %q, which is no rotator", TagRotator, plain(string(c.Kind)))
	}
	return c
}
