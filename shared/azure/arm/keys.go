package arm

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/storage/armstorage"

	"rekey/shared/azure/redact"
	"rekey/shared/fault"
)

// Key is one of a resource's keys. Name is the one that Regenerate takes.
type Key struct {
	Name       string
	Value      redact.Value
	Connection redact.Value // the connection string, where the provider makes one
}

// provider is how a kind of resource lists and regenerates its keys.
type provider struct {
	name       string   // of the resource type, in lower case; of authorization rules, of the namespace
	keys       []string // names, in pairs: the first is regenerated while the second is in use, and the reverse
	fields     []string // in the answer to listKeys
	regenerate string   // the action
	parameter  string   // that takes the name of the key
}

// The providers (github.com/Azure/azure-rest-api-specs, the api-versions of resource.go).
var providers = []provider{
	{strings.ToLower(TypeStorage), []string{"key1", "key2"}, nil, "", ""},
	{strings.ToLower(TypeCosmos), []string{"primary", "secondary", "primaryReadonly", "secondaryReadonly"}, []string{"primaryMasterKey", "secondaryMasterKey", "primaryReadonlyMasterKey", "secondaryReadonlyMasterKey"}, "regenerateKey", "keyKind"},
	{strings.ToLower(TypeRedis), []string{"Primary", "Secondary"}, []string{"primaryKey", "secondaryKey"}, "regenerateKey", "keyType"},
	{strings.ToLower(TypeEventHubs), []string{"PrimaryKey", "SecondaryKey"}, []string{"primaryKey", "secondaryKey"}, "regenerateKeys", "keyType"},
	{strings.ToLower(TypeServiceBus), []string{"PrimaryKey", "SecondaryKey"}, []string{"primaryKey", "secondaryKey"}, "regenerateKeys", "keyType"},
}

// providerOf finds the provider of a resource: a storage account, a Cosmos DB account, a Redis cache, or an authorization
// rule of an Event Hubs or Service Bus namespace, hub, queue or topic.
func providerOf(doing, id string) (provider, error) {
	r, err := read(doing, id)
	if err != nil {
		return provider{}, err
	}
	kind := strings.ToLower(r.ResourceType.String())
	for _, p := range providers {
		namespace := strings.HasSuffix(p.name, "/namespaces")
		if kind == p.name && !namespace || namespace && strings.HasPrefix(kind, p.name+"/") && strings.HasSuffix(kind, "/authorizationrules") {
			return p, nil
		}
	}
	return provider{}, fault.Errorf(fault.Denied, "%s: Rekey knows no keys of a %s", doing, r.ResourceType)
}

// KeyNames returns the names of a resource's keys, in pairs, or nil for what has none that Rekey knows.
func KeyNames(id string) []string {
	p, err := providerOf("naming keys", id)
	if err != nil {
		return nil
	}
	return slices.Clone(p.keys)
}

// Keys reads a resource's keys as they are now.
func (c *Client) Keys(ctx context.Context, id string) ([]Key, error) {
	doing := "listing the keys of " + id
	p, err := providerOf(doing, id)
	if err != nil {
		return nil, err
	}
	if p.fields == nil {
		return c.storageKeys(ctx, doing, id)
	}
	var got map[string]any
	if err := c.call(ctx, request{method: http.MethodPost, doing: doing, path: id + "/listKeys", version: apiVersion(p.name)}, &got); err != nil {
		return nil, err
	}
	text := func(field string) redact.Value {
		s, _ := got[field].(string)
		return redact.Hide(s)
	}
	out := make([]Key, len(p.keys))
	for i, name := range p.keys {
		out[i] = Key{Name: name, Value: text(p.fields[i]), Connection: text(strings.TrimSuffix(p.fields[i], "Key") + "ConnectionString")}
		if out[i].Value.Empty() {
			return nil, fault.Errorf(fault.Denied, "%s: the answer holds no key %s: access by keys may be switched off", doing, name)
		}
	}
	return out, nil
}

// Regenerate makes a new value for one of a resource's keys; the old value opens nothing from then on. It is not repeated by
// itself: after an error, Keys shows whether the key has changed. The value is what Keys reads afterwards, as often as it
// is needed: nobody has to keep it.
func (c *Client) Regenerate(ctx context.Context, id, key string) error {
	doing := "regenerating " + key + " of " + id
	p, err := providerOf(doing, id)
	if err != nil {
		return err
	}
	if !slices.Contains(p.keys, key) {
		return fault.Errorf(fault.Denied, "%s: its keys are %s", doing, strings.Join(p.keys, ", "))
	}
	ctx = c.once(ctx)
	if p.fields == nil {
		return c.regenerateStorage(ctx, doing, id, key)
	}
	return c.call(ctx, request{method: http.MethodPost, doing: doing, path: id + "/" + p.regenerate, version: apiVersion(p.name), body: map[string]string{p.parameter: key}}, nil)
}

func (c *Client) storageKeys(ctx context.Context, doing, id string) ([]Key, error) {
	r, err := parse(doing, id, TypeStorage)
	if err != nil {
		return nil, err
	}
	client, err := armstorage.NewAccountsClient(r.SubscriptionID, c.cred, &c.options)
	if err != nil {
		return nil, redact.Error(doing, err)
	}
	got, err := client.ListKeys(ctx, r.ResourceGroupName, r.Name, nil)
	if err != nil {
		return nil, redact.Error(doing, err)
	}
	var out []Key
	for _, k := range got.Keys {
		out = append(out, Key{Name: value(k.KeyName), Value: redact.Hide(value(k.Value))})
	}
	return out, nil
}

func (c *Client) regenerateStorage(ctx context.Context, doing, id, key string) error {
	r, err := parse(doing, id, TypeStorage)
	if err != nil {
		return err
	}
	client, err := armstorage.NewAccountsClient(r.SubscriptionID, c.cred, &c.options)
	if err != nil {
		return redact.Error(doing, err)
	}
	_, err = client.RegenerateKey(ctx, r.ResourceGroupName, r.Name, armstorage.AccountRegenerateKeyParameters{KeyName: &key}, nil)
	return redact.Error(doing, err)
}
