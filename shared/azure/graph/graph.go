// Package graph makes the calls to Microsoft Graph that Rekey needs, over a plain azcore pipeline.
//
// It knows Graph and not the domain: it returns Graph's objects. Key credentials are kept as the raw JSON that was
// read, because they are echoed when a list is replaced, and Graph refuses the whole list when one field is missing.
//
// Every change may be repeated. What is to be removed and is not there is removed (a 404, or the 400 that
// removePassword answers); what is to be added and is there was added. POSTs that make something are not retried by the
// pipeline when their answer is lost, for the first one may have worked: callers repeat a step after reading.
//
// Permissions says what each method needs; docs/graph-refusals.md what Graph refuses, and what becomes of it here.
package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"rekey/shared/azure/redact"
	"rekey/shared/azure/traced"
	"rekey/shared/fault"
)

// Client calls Graph v1.0, and beta for what only that has.
type Client struct {
	base     string
	beta     string
	pipeline runtime.Pipeline
	retry    policy.RetryOptions
	pacer    *pacer
}

// scope is asked for whatever the host: national clouds have scopes of their own, derived from the base URL.
func scope(base string) string {
	u, err := url.Parse(base)
	if err != nil || u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1" {
		return "https://graph.microsoft.com/.default"
	}
	return "https://" + u.Host + "/.default"
}

// Options are how Graph is reached: transport, retries.
type Options = azcore.ClientOptions

// New makes a client for a base URL like https://graph.microsoft.com.
func New(base string, cred azcore.TokenCredential, opts Options) *Client {
	base = strings.TrimRight(base, "/")
	c := &Client{base: base + "/v1.0", beta: base + "/beta", retry: opts.Retry, pacer: pacerOf(base)}
	opts = traced.Options(traced.Graph, opts)
	auth := runtime.NewBearerTokenPolicy(cred, []string{scope(base)}, nil)
	c.pipeline = runtime.NewPipeline("rekey", "1", runtime.PipelineOptions{PerRetry: []policy.Policy{pacing{c}, auth}}, &opts)
	return c
}

// quote doubles quotes in an OData literal.
func quote(s string) string { return strings.ReplaceAll(s, "'", "''") }

// Collections of Graph.
const (
	Applications      = "applications"
	ServicePrincipals = "servicePrincipals"
)

func path(collection, id string) string { return "/" + collection + "/" + url.PathEscape(id) }

// request is one call.
type request struct {
	method string
	doing  string // in the -ing form, for errors
	path   string // below the version
	beta   bool   // of Graph
	query  url.Values
	header map[string]string
	body   any
	into   any // what the answer is decoded into; nil ignores it
	// repeatable marks a POST that may be sent again when its answer was lost.
	repeatable bool
}

// call makes one request and decodes its answer.
func (c *Client) call(ctx context.Context, r request) error {
	target := c.base + r.path
	if r.beta {
		target = c.beta + r.path
	}
	if len(r.query) > 0 {
		target += "?" + strings.ReplaceAll(r.query.Encode(), "+", "%20")
	}
	req, err := runtime.NewRequest(policy.WithRetryOptions(ctx, c.retries(r)), r.method, target)
	if err != nil {
		return redact.Error(r.doing, err)
	}
	for name, value := range r.header {
		req.Raw().Header.Set(name, value)
	}
	if r.body != nil {
		if err := runtime.MarshalAsJSON(req, r.body); err != nil {
			return redact.Error(r.doing, err)
		}
	}
	resp, err := c.pipeline.Do(req)
	if err != nil {
		return redact.Error(r.doing, err)
	}
	defer resp.Body.Close()
	if !runtime.HasStatusCode(resp, http.StatusOK, http.StatusCreated, http.StatusNoContent) {
		return refused(r.doing, resp)
	}
	data, err := runtime.Payload(resp)
	if err != nil || r.into == nil {
		return redact.Error(r.doing, err)
	}
	if err := json.NewDecoder(bytes.NewReader(data)).Decode(r.into); err != nil {
		return fault.Errorf(fault.Transient, "%s: the answer is not what Graph documents", r.doing)
	}
	return nil
}

// removal is a DELETE. What is gone already is success.
func (c *Client) removal(ctx context.Context, doing, path string) error {
	err := c.call(ctx, request{method: http.MethodDelete, doing: doing, path: path})
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// all reads every page of a list. The link to the next page carries every option but headers; it is followed only on the
// same host, for the token goes along.
func all[T any](ctx context.Context, c *Client, r request) ([]T, error) {
	var out []T
	r.method = http.MethodGet
	for {
		var page struct {
			Value []T    `json:"value"`
			Next  string `json:"@odata.nextLink"`
		}
		r.into = &page
		if err := c.call(ctx, r); err != nil {
			return out, err
		}
		out = append(out, page.Value...)
		if page.Next == "" {
			return out, nil
		}
		next, ok := strings.CutPrefix(page.Next, c.base+"/")
		if !ok {
			return out, fault.Errorf(fault.Denied, "%s: the next page is on another host", r.doing)
		}
		r.path, r.query = "/"+next, nil
	}
}
