package rotate_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"rekey/shared/azure/redact"
	"rekey/shared/rotate"
)

// What the adapters hand out can be looked at here, and nowhere printed.
var _ rotate.Sealed = redact.Value{}

// sealed is a value as the adapters have it.
type sealed string

func (s sealed) Reveal() string { return string(s) }

// accountKey is base64 of 64 bytes.
func accountKey(seed byte) string {
	b := make([]byte, 64)
	for i := range b {
		b[i] = seed + byte(i)
	}
	return base64.StdEncoding.EncodeToString(b)
}

func TestAValuesShapeTellsWhoMadeItOnlyWhereItNamesHim(t *testing.T) {
	key := accountKey(1)
	tests := map[string]struct {
		value string
		kind  rotate.Kind
		want  string // name, or words of the reason
	}{
		"a storage account":           {"DefaultEndpointsProtocol=https;AccountName=payroll;AccountKey=" + key + ";EndpointSuffix=core.windows.net", rotate.StorageKey, "payroll"},
		"in another order":            {"AccountKey=" + key + ";accountname=Payroll", rotate.StorageKey, "payroll"},
		"a name that climbs":          {"AccountName=../x;AccountKey=" + key, rotate.OwnerAction, "no name that Azure would give"},
		"a short key":                 {"AccountName=payroll;AccountKey=abc", rotate.OwnerAction, "nothing in its shape"},
		"Cosmos DB":                   {"AccountEndpoint=https://orders.documents.azure.com:443/;AccountKey=" + key + ";", rotate.CosmosKey, "orders"},
		"Cosmos DB on another domain": {"AccountEndpoint=https://orders.documents.azure.com.evil.example/;AccountKey=" + key, rotate.OwnerAction, "no name that Azure would give"},
		"Service Bus":                 {"Endpoint=sb://bus.servicebus.windows.net/;SharedAccessKeyName=Send;SharedAccessKey=c2VjcmV0;EntityPath=q", rotate.BusKey, "bus/send"},
		"Service Bus without a rule":  {"Endpoint=sb://bus.servicebus.windows.net/;SharedAccessKey=c2VjcmV0", rotate.OwnerAction, "without the name of a rule"},
		"Redis":                       {"sessions.redis.cache.windows.net:6380,password=abc=,ssl=True,abortConnect=False", rotate.RedisKey, "sessions"},
		"a client secret":             {"abc8Q~" + strings.Repeat("x", 34), rotate.OwnerAction, "of which application"},
		"a private key":               {"-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----", rotate.OwnerAction, "private key"},
		"a shared access signature":   {"https://x.blob.core.windows.net/c?sv=2022-11-02&sig=abc", rotate.OwnerAction, "shared access signature"},
		"a bare key":                  {key, rotate.OwnerAction, "bare account key"},
		"a password":                  {"hunter2", rotate.OwnerAction, "nothing in its shape"},
		"nothing":                     {"", rotate.OwnerAction, "nothing in its shape"},
		"more than a vault stores":    {strings.Repeat("AccountName=payroll;", 2000), rotate.OwnerAction, "nothing in its shape"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			g := rotate.Infer(sealed(tt.value))
			if g.Kind != tt.kind || !strings.Contains(g.Name+g.Why, tt.want) {
				t.Errorf("%+v", g)
			}
		})
	}
}

func FuzzInfer(f *testing.F) {
	for _, s := range []string{
		"DefaultEndpointsProtocol=https;AccountName=payroll;AccountKey=" + accountKey(1), "AccountEndpoint=https://orders.documents.azure.com:443/;AccountKey=" + accountKey(2),
		"Endpoint=sb://bus.servicebus.windows.net/;SharedAccessKeyName=Send;SharedAccessKey=c2VjcmV0", "sessions.redis.cache.windows.net:6380,password=abc", "abc8Q~", "", ";=;=",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		g := rotate.Infer(sealed(s))
		if g.Kind == "" || g.Provider != "" || g.Kind == rotate.OwnerAction && (g.Why == "" || g.Name != "") || g.Kind != rotate.OwnerAction && g.Name == "" {
			t.Fatalf("%+v", g)
		}
		for _, r := range g.Name {
			if r < '!' || r > '~' {
				t.Fatalf("a name with %q", r)
			}
		}
		if len(g.Name) > 200 {
			t.Fatalf("a name of %d bytes", len(g.Name))
		}
	})
}

func TestASubstituteHoldsTheNewKeyAndNotTheOldOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		old, key := accountKey(rapid.Byte().Draw(t, "old")), accountKey(rapid.Byte().Draw(t, "new"))
		before, after := rapid.StringMatching(`[a-z=;]{0,20}`).Draw(t, "before"), rapid.StringMatching(`[a-z=;]{0,20}`).Draw(t, "after")
		got, ok := rotate.Substitute(sealed(before+old+after), sealed(old), sealed(key))
		if !ok || got != before+key+after {
			t.Fatalf("%v %q", ok, got)
		}
		if old != key && rotate.Holds(sealed(got), sealed(old)) {
			t.Fatal("the old key is still there")
		}
	})
	for name, tt := range map[string][3]string{
		"another key":  {"x" + accountKey(1), accountKey(2), accountKey(3)},
		"an empty key": {"anything", "", accountKey(3)},
		"a short key":  {"a key of a few letters", "key", accountKey(3)},
		"no new key":   {accountKey(1), accountKey(1), ""},
	} {
		if got, ok := rotate.Substitute(sealed(tt[0]), sealed(tt[1]), sealed(tt[2])); ok {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestAFingerprintTellsAKeyFromItsSuccessorAndOperationsFromEachOther(t *testing.T) {
	one := rotate.Fingerprint("rot-1", sealed(accountKey(1)))
	if one != rotate.Fingerprint("rot-1", sealed(accountKey(1))) || one == rotate.Fingerprint("rot-1", sealed(accountKey(2))) || one == rotate.Fingerprint("rot-2", sealed(accountKey(1))) {
		t.Error(one)
	}
}
