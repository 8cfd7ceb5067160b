package rotate_test

import (
	"fmt"
	"strings"
	"testing"

	"rekey/shared/reach"
	"rekey/shared/rotate"
)

const (
	sub1  = "11111111-0000-0000-0000-000000000000"
	sub2  = "22222222-0000-0000-0000-000000000000"
	app   = "aaaaaaaa-1111-2222-3333-444444444444"
	other = "bbbbbbbb-1111-2222-3333-444444444444"
	keyID = "cccccccc-1111-2222-3333-444444444444"
)

func resource(kind, name string) string {
	return "/subscriptions/" + sub1 + "/resourceGroups/prod/providers/" + kind + "/" + name
}

var (
	payroll = resource("Microsoft.Storage/storageAccounts", "payroll")
	cosmos  = resource("Microsoft.DocumentDB/databaseAccounts", "orders")
	cache   = resource("Microsoft.Cache/redis", "sessions")
	rule    = resource("Microsoft.EventHub/namespaces", "events") + "/authorizationRules/send"
	queue   = resource("Microsoft.ServiceBus/namespaces", "bus") + "/queues/q/authorizationRules/listen"
)

func tags(pairs ...string) map[string]string {
	out := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i]] = pairs[i+1]
	}
	return out
}

func TestARotatorIsChosenByWhatManagesTheSecretThenByItsTags(t *testing.T) {
	tests := map[string]struct {
		secret reach.Secret
		guess  *rotate.Guess
		want   string // kind, provider, pair; of the owner's, words of the reason
	}{
		"Microsoft's sample for storage":   {secret: reach.Secret{Tags: tags("ProviderAddress", payroll, "CredentialId", "key1", "ValidityPeriodDays", "60")}, want: "storageKey " + payroll},
		"tags in other letters":            {secret: reach.Secret{Tags: tags("provideraddress", payroll+"/")}, want: "storageKey " + payroll},
		"a rule of Event Hubs":             {secret: reach.Secret{Tags: tags("ProviderAddress", rule)}, want: "busKey " + rule},
		"a rule of a queue":                {secret: reach.Secret{Tags: tags("ProviderAddress", queue)}, want: "busKey " + queue},
		"a namespace is no rule":           {secret: reach.Secret{Tags: tags("ProviderAddress", resource("Microsoft.EventHub/namespaces", "events"))}, want: "has no rotator for its provider"},
		"Cosmos DB":                        {secret: reach.Secret{Tags: tags("ProviderAddress", cosmos, "CredentialId", "secondary")}, want: "cosmosKey " + cosmos},
		"Cosmos DB, reading only":          {secret: reach.Secret{Tags: tags("ProviderAddress", cosmos, "CredentialId", "primaryReadonly")}, want: "cosmosKey " + cosmos + " readonly"},
		"Redis":                            {secret: reach.Secret{Tags: tags("ProviderAddress", cache)}, want: "redisKey " + cache},
		"an application":                   {secret: reach.Secret{Tags: tags("ProviderAddress", "https://graph.microsoft.com/v1.0/applications/"+other, "CredentialId", keyID)}, want: "clientSecret " + other},
		"a client secret of no app":        {secret: reach.Secret{Tags: tags("rekey-rotator", "clientSecret", "ProviderAddress", payroll)}, want: "is no application"},
		"SQL as in Microsoft's sample":     {secret: reach.Secret{Tags: tags("ProviderAddress", resource("Microsoft.Sql/servers", "db"), "CredentialId", "sa")}, want: "name one of your own with the tag rekey-webhook"},
		"SQL with a webhook":               {secret: reach.Secret{Tags: tags("ProviderAddress", resource("Microsoft.Sql/servers", "db"), "rekey-rotator", "webhook", "rekey-webhook", "sql")}, want: "webhook " + resource("Microsoft.Sql/servers", "db")},
		"a webhook alone":                  {secret: reach.Secret{Tags: tags("rekey-webhook", "sql")}, want: "webhook"},
		"a webhook by its address":         {secret: reach.Secret{Tags: tags("rekey-webhook", "https://evil.example/take")}, want: "with the name of a webhook"},
		"a value of Rekey's":               {secret: reach.Secret{Tags: tags("rekey-rotator", "random")}, want: "random"},
		"a rotator that does not fit":      {secret: reach.Secret{Tags: tags("rekey-rotator", "storageKey", "ProviderAddress", cache)}, want: "do not fit together"},
		"a rotator that does not exist":    {secret: reach.Secret{Tags: tags("rekey-rotator", "magic")}, want: "which is no rotator"},
		"a provider that climbs":           {secret: reach.Secret{Tags: tags("ProviderAddress", "/subscriptions/"+sub1+"/resourceGroups/../providers/Microsoft.Storage/storageAccounts/x")}, want: "has no rotator"},
		"a provider with a query":          {secret: reach.Secret{Tags: tags("ProviderAddress", payroll+"?x=1")}, want: "has no rotator"},
		"a provider within another":        {secret: reach.Secret{Tags: tags("ProviderAddress", payroll+"/blobServices/default")}, want: "has no rotator"},
		"managed by a certificate":         {secret: reach.Secret{Managed: true, Tags: tags("ProviderAddress", payroll)}, want: "certificate"},
		"tagged certificate, not managed":  {secret: reach.Secret{Tags: tags("rekey-rotator", "certificate")}, want: "no certificate manages it"},
		"never":                            {secret: reach.Secret{Managed: true, Tags: tags("rekey", "Never")}, want: "does not touch it"},
		"no tags":                          {secret: reach.Secret{}, want: "nothing says what made it"},
		"no room for a mark":               {secret: reach.Secret{Tags: many(15, "ProviderAddress", payroll)}, want: "no room"},
		"room where the tags are there":    {secret: reach.Secret{Tags: many(15, "ProviderAddress", payroll, "CredentialId", "key1", "rekey-operation", "rot-0/1/1")}, want: "storageKey " + payroll},
		"inferred and found":               {secret: reach.Secret{}, guess: &rotate.Guess{Kind: rotate.StorageKey, Name: "payroll", Provider: payroll}, want: "storageKey " + payroll},
		"inferred and not found":           {secret: reach.Secret{}, guess: &rotate.Guess{Kind: rotate.StorageKey, Name: "payroll"}, want: "not among the resources"},
		"inferred as something else":       {secret: reach.Secret{}, guess: &rotate.Guess{Kind: rotate.RedisKey, Name: "payroll", Provider: payroll}, want: "not among the resources"},
		"inferred as nothing":              {secret: reach.Secret{}, guess: &rotate.Guess{Kind: rotate.OwnerAction, Why: "it is a private key"}, want: "it is a private key"},
		"a tag overrules what is inferred": {secret: reach.Secret{Tags: tags("ProviderAddress", cache)}, guess: &rotate.Guess{Kind: rotate.StorageKey, Provider: payroll}, want: "redisKey " + cache},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.secret.Enabled = true
			c := rotate.Choose(tt.secret, tt.guess)
			got := strings.TrimSpace(fmt.Sprint(c.Kind, " ", c.Provider, " ", c.Pair))
			if c.Kind == rotate.OwnerAction && strings.Contains(c.Why, tt.want) {
				return
			}
			if got != tt.want {
				t.Errorf("got  %s (%s)\nwant %s", got, c.Why, tt.want)
			}
		})
	}
	if c := rotate.Choose(reach.Secret{Tags: tags("ProviderAddress", payroll)}, nil); c.Kind != rotate.OwnerAction {
		t.Errorf("a disabled secret: %+v", c)
	}
}

func many(n int, pairs ...string) map[string]string {
	out := tags(pairs...)
	for i := 0; len(out) < n; i++ {
		out[fmt.Sprint("t", i)] = "x"
	}
	return out
}

func TestAnOwnIdThatIsNotSetForbidsNothing(t *testing.T) {
	o := rotate.Options{Own: []string{"", "33333333-0000-4000-8000-000000000000"}}
	if why := o.Forbids(&rotate.Target{Kind: rotate.StorageKey, Provider: payroll}); why != "" {
		t.Error(why)
	}
}
