// Package tables keeps rows in Azure Table storage (or Cosmos DB's Table API, which the same client speaks).
//
// A row's data lies in binary properties D0, D1, ... of at most 64 KiB, the service's limit for one property. Mark
// tells a writer its own write from another's.
package tables

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"rekey/shared/azure/redact"
	"rekey/shared/azure/traced"
	"rekey/shared/fault"
	"rekey/shared/store"
)

const chunk = 64 << 10

// Service makes tables of one storage account.
type Service struct {
	client *aztables.ServiceClient
}

// FromConnectionString opens an account by its connection string.
func FromConnectionString(s string, opts azcore.ClientOptions) (*Service, error) {
	c, err := aztables.NewServiceClientFromConnectionString(s, &aztables.ClientOptions{ClientOptions: traced.Options(traced.Table, opts)})
	if err != nil {
		return nil, fault.Errorf(fault.Denied, "opening table storage: the connection string is not usable")
	}
	return &Service{c}, nil
}

// FromURL opens an account by its table URL and a credential.
func FromURL(url string, cred azcore.TokenCredential, opts azcore.ClientOptions) (*Service, error) {
	c, err := aztables.NewServiceClient(url, cred, &aztables.ClientOptions{ClientOptions: traced.Options(traced.Table, opts)})
	return &Service{c}, redact.Error("opening table storage", err)
}

// Ensure creates tables that are missing. In Azure the deployment creates them.
func (s *Service) Ensure(ctx context.Context, names ...string) error {
	for _, name := range names {
		_, err := s.client.CreateTable(ctx, name, nil)
		var re *azcore.ResponseError
		if err != nil && (!errors.As(err, &re) || re.StatusCode != http.StatusConflict) {
			return redact.Error("creating table "+name, err)
		}
	}
	return nil
}

// Table returns one table.
func (s *Service) Table(name string) store.Table {
	return &table{client: s.client.NewClient(name), name: name}
}

type table struct {
	client *aztables.Client
	name   string
}

func (t *table) doing(verb, key string) string {
	return fmt.Sprintf("%s row %q of %s", verb, key, t.name)
}

func (t *table) Get(ctx context.Context, partition, key string) (store.Row, error) {
	r, err := t.client.GetEntity(ctx, store.EscapeKey(partition), store.EscapeKey(key), nil)
	if err != nil {
		return store.Row{}, redact.Error(t.doing("reading", key), err)
	}
	return decode(r.Value)
}

func (t *table) List(ctx context.Context, partition, from string, limit int) ([]store.Row, string, error) {
	filter := fmt.Sprintf("PartitionKey eq '%s' and RowKey ge '%s'", quote(partition), quote(from))
	pages := t.client.NewListEntitiesPager(&aztables.ListEntitiesOptions{Filter: &filter, Top: to.Ptr(int32(min(limit+1, 1000)))})
	var rows []store.Row
	for pages.More() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, "", redact.Error("listing "+t.name, err)
		}
		for _, e := range page.Entities {
			row, err := decode(e)
			if err != nil {
				return nil, "", err
			}
			if len(rows) == limit {
				return rows, row.Key, nil
			}
			rows = append(rows, row)
		}
	}
	return rows, "", nil
}

func quote(key string) string { return strings.ReplaceAll(store.EscapeKey(key), "'", "''") }

func (t *table) Scan(ctx context.Context, yield func(store.Row) bool) error {
	pages := t.client.NewListEntitiesPager(nil)
	for pages.More() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return redact.Error("scanning "+t.name, err)
		}
		for _, e := range page.Entities {
			row, err := decode(e)
			if err != nil {
				return err
			}
			if !yield(row) {
				return nil
			}
		}
	}
	return nil
}

// Put inserts or replaces. The SDK repeats a request whose answer was lost; the repetition then finds its own effect
// and reports a conflict. So every write carries a mark of its own, and before a conflict is believed the stored mark
// is compared with it.
func (t *table) Put(ctx context.Context, row store.Row) (string, error) {
	mark := rand.Text()
	body, err := encode(row, mark)
	if err != nil {
		return "", err
	}
	tag, err := t.put(ctx, row, body)
	if err == nil {
		return string(tag), nil
	}
	err = redact.Error(t.doing("writing", row.Key), err)
	if errors.Is(err, fault.NotFound) && row.ETag != "" {
		return "", fault.As(fault.Conflict, err) // deleted meanwhile
	}
	if errors.Is(err, fault.Conflict) {
		tag, mine, readErr := t.marked(ctx, row, mark)
		switch {
		case readErr != nil:
			return "", readErr // not known, and no conflict
		case mine:
			return tag, nil
		}
	}
	return "", err
}

// marked reports whether the stored row carries a mark, and its version.
func (t *table) marked(ctx context.Context, row store.Row, mark string) (tag string, mine bool, err error) {
	r, err := t.client.GetEntity(ctx, store.EscapeKey(row.Partition), store.EscapeKey(row.Key), nil)
	if err = redact.Error(t.doing("reading", row.Key), err); err != nil {
		if errors.Is(err, fault.NotFound) {
			return "", false, nil
		}
		return "", false, err
	}
	var stored struct{ Mark string }
	mine = json.Unmarshal(r.Value, &stored) == nil && stored.Mark == mark
	return string(r.ETag), mine, nil
}

func (t *table) put(ctx context.Context, row store.Row, body []byte) (azcore.ETag, error) {
	if row.ETag == "" {
		r, err := t.client.AddEntity(ctx, body, nil)
		return r.ETag, err
	}
	r, err := t.client.UpdateEntity(ctx, body, &aztables.UpdateEntityOptions{
		IfMatch: to.Ptr(azcore.ETag(row.ETag)), UpdateMode: aztables.UpdateModeReplace,
	})
	return r.ETag, err
}

func (t *table) Delete(ctx context.Context, row store.Row) error {
	_, err := t.client.DeleteEntity(ctx, store.EscapeKey(row.Partition), store.EscapeKey(row.Key),
		&aztables.DeleteEntityOptions{IfMatch: to.Ptr(azcore.ETag(row.ETag))})
	if err = redact.Error(t.doing("deleting", row.Key), err); errors.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

func encode(row store.Row, mark string) ([]byte, error) {
	if err := row.Check(); err != nil {
		return nil, err
	}
	entity := map[string]any{"PartitionKey": store.EscapeKey(row.Partition), "RowKey": store.EscapeKey(row.Key), "Mark": mark}
	for i := 0; i*chunk < len(row.Data); i++ {
		name := fmt.Sprint("D", i)
		entity[name] = base64.StdEncoding.EncodeToString(row.Data[i*chunk : min((i+1)*chunk, len(row.Data))])
		entity[name+"@odata.type"] = "Edm.Binary"
	}
	return json.Marshal(entity)
}

func decode(body []byte) (store.Row, error) {
	var entity map[string]json.RawMessage
	if err := json.Unmarshal(body, &entity); err != nil {
		return store.Row{}, fault.Errorf(fault.Transient, "decoding row: %v", err)
	}
	text := func(name string) string {
		var s string
		_ = json.Unmarshal(entity[name], &s)
		return s
	}
	row := store.Row{
		Partition: store.UnescapeKey(text("PartitionKey")), Key: store.UnescapeKey(text("RowKey")), ETag: text("odata.etag"),
		Data: []byte{},
	}
	for i := 0; ; i++ {
		name := fmt.Sprint("D", i)
		if _, ok := entity[name]; !ok {
			return row, nil
		}
		data, err := base64.StdEncoding.DecodeString(text(name))
		if err != nil {
			return row, fault.Errorf(fault.Transient, "decoding row %q: property %s is not base64", row.Key, name)
		}
		row.Data = append(row.Data, data...)
	}
}
