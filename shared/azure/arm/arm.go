// Package arm makes the calls to Azure Resource Manager that Rekey needs: who has which rights where, cutting a
// principal's access to vaults, managed identities, and the keys of providers.
//
// It knows Azure and not the domain. Vaults, roles, storage accounts and Resource Graph are called through their SDK
// modules; the modules of Event Hubs, Service Bus, Cosmos DB, Redis and managed identities are not among those the project
// pins, so these few calls go through the same pipeline with the api-versions of resource.go. Permissions says which
// Azure action each method needs. Calls that are not safe to repeat are retried only when Azure said that it did nothing
// (429): callers repeat a step after reading what is there.
package arm

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	sdk "github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"rekey/shared/azure/redact"
	"rekey/shared/azure/traced"
	"rekey/shared/fault"
)

// Client calls Azure Resource Manager.
type Client struct {
	endpoint string
	cred     azcore.TokenCredential
	options  sdk.ClientOptions
	generic  *sdk.Client
	poll     time.Duration

	mu    sync.Mutex
	roles map[string]cachedRole
}

// Options are how Resource Manager is reached.
type Options struct {
	azcore.ClientOptions
	PollEvery time.Duration // how often a long-running operation is asked for; default 1 s
}

const defaultPoll = time.Second

// audience is what tokens are asked for: sovereign clouds have one of their own.
func audience(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil {
		return publicAudience
	}
	switch strings.ToLower(u.Hostname()) {
	case "management.chinacloudapi.cn":
		return "https://management.core.chinacloudapi.cn/"
	case "management.usgovcloudapi.net":
		return "https://management.core.usgovcloudapi.net/"
	}
	return publicAudience
}

const publicAudience = "https://management.azure.com/"

// New makes a client for an endpoint like https://management.azure.com.
func New(endpoint string, cred azcore.TokenCredential, o Options) (*Client, error) {
	endpoint = strings.TrimRight(endpoint, "/")
	c := &Client{endpoint: endpoint, cred: cred, poll: o.PollEvery, roles: map[string]cachedRole{}}
	if c.poll <= 0 {
		c.poll = defaultPoll
	}
	c.options = sdk.ClientOptions{ClientOptions: traced.Options(traced.ARM, o.ClientOptions), DisableRPRegistration: true} // registering a provider is a write that nobody approved
	c.options.Cloud = cloud.Configuration{Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
		cloud.ResourceManager: {Audience: audience(endpoint), Endpoint: endpoint},
	}}
	var err error
	c.generic, err = sdk.NewClient("rekey", "v1.0.0", cred, &c.options)
	return c, redact.Error("opening resource manager "+endpoint, err)
}

// once is for calls that must not be made twice by the pipeline: only an answer that says "not now" is retried.
func (c *Client) once(ctx context.Context) context.Context {
	retry := c.options.Retry
	retry.ShouldRetry = func(r *http.Response, err error) bool {
		return err == nil && r != nil && r.StatusCode == http.StatusTooManyRequests
	}
	return policy.WithRetryOptions(ctx, retry)
}

// request is one call through the plain pipeline.
type request struct {
	method, doing, path, version string
	query                        url.Values
	body                         any
}

// call makes a request, waits until a long-running operation is done, and decodes the answer.
func (c *Client) call(ctx context.Context, r request, into any) error {
	resp, err := c.send(ctx, r)
	if err != nil {
		return redact.Error(r.doing, err)
	}
	defer resp.Body.Close()
	if !runtime.HasStatusCode(resp, http.StatusOK, http.StatusCreated, http.StatusAccepted, http.StatusNoContent) {
		return redact.Error(r.doing, runtime.NewResponseError(resp))
	}
	if resp.StatusCode == http.StatusAccepted || resp.Header.Get("Azure-AsyncOperation") != "" {
		return redact.Error(r.doing, c.await(ctx, resp))
	}
	if into == nil || resp.StatusCode == http.StatusNoContent {
		return nil
	}
	if err := runtime.UnmarshalAsJSON(resp, into); err != nil {
		return fault.Errorf(fault.Transient, "%s: the answer is not what Azure documents", r.doing)
	}
	return nil
}

func (c *Client) send(ctx context.Context, r request) (*http.Response, error) {
	if r.query == nil {
		r.query = url.Values{}
	}
	r.query.Set("api-version", r.version)
	req, err := runtime.NewRequest(ctx, r.method, c.endpoint+escape(r.path)+"?"+r.query.Encode())
	if err != nil {
		return nil, err
	}
	req.Raw().Header.Set("Accept", "application/json")
	if r.body != nil {
		if err := runtime.MarshalAsJSON(req, r.body); err != nil {
			return nil, err
		}
	}
	return c.generic.Pipeline().Do(req)
}

// await polls a long-running operation to its end. What it made is read by itself where it is needed.
func (c *Client) await(ctx context.Context, resp *http.Response) error {
	p, err := runtime.NewPoller[any](resp, c.generic.Pipeline(), nil)
	if err != nil {
		return err
	}
	tick := time.NewTicker(c.poll)
	defer tick.Stop()
	for !p.Done() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		if _, err := p.Poll(ctx); err != nil {
			return err
		}
	}
	_, err = p.Result(ctx)
	return err
}

// pages reads all pages of a list.
func pages[T any](ctx context.Context, c *Client, r request) ([]T, error) {
	var out []T
	for r.path != "" {
		var page struct {
			Value []T    `json:"value"`
			Next  string `json:"nextLink"`
		}
		if err := c.call(ctx, r, &page); err != nil {
			return nil, err
		}
		out = append(out, page.Value...)
		if page.Next == "" {
			return out, nil
		}
		next, err := url.Parse(page.Next)
		if err != nil || !strings.HasPrefix(strings.ToLower(page.Next), strings.ToLower(c.endpoint)+"/") {
			return nil, fault.Errorf(fault.Denied, "%s: the next page is on another host", r.doing)
		}
		r.path, r.query = next.Path, next.Query()
	}
	return out, nil
}

// gone makes the removal of what is not there a success.
func gone(err error) error {
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	return err
}
