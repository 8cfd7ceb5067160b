package functions

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// hostJSON is host.json, as far as this host obeys it. Other keys are left alone, as the real host leaves them.
type hostJSON struct {
	Version         string
	FunctionTimeout span         // no answer by then kills the handler; negative: never
	Retry           *retryPolicy // for the functions that have none of their own
	CustomHandler   customHandler
	Extensions      struct {
		EventHubs eventHubOptions
		Queues    queueOptions
		HTTP      httpOptions
	}
}

// customHandler says how the handler is started and how HTTP reaches it.
type customHandler struct {
	Description                 description
	EnableForwardingHTTPRequest bool
	EnableProxyingHTTPRequest   bool
	InitializationTimeout       span
}

// description is the handler's command line.
type description struct {
	DefaultExecutablePath string
	DefaultWorkerPath     string
	Arguments             []string
	WorkerArguments       []string
	WorkingDirectory      string
	WorkerDirectory       string
}

// eventHubOptions are extensions.eventHubs.
type eventHubOptions struct {
	MaxEventBatchSize                    int
	MinEventBatchSize                    int  // more than 1 waits for that many, up to MaxWaitTime
	MaxWaitTime                          span // only with MinEventBatchSize
	BatchCheckpointFrequency             int
	PrefetchCount                        int32
	LoadBalancingUpdateInterval          span
	PartitionOwnershipExpirationInterval span
	InitialOffsetOptions                 struct{ Type string } // fromStart, which is the default, is all that is done here
}

// queueOptions are extensions.queues.
type queueOptions struct {
	BatchSize          int32
	NewBatchThreshold  int32 // fetch again when this few are running
	MaxPollingInterval span
	VisibilityTimeout  span // how long a message rests after a failed attempt
	MaxDequeueCount    int64
	MessageEncoding    string // base64 or none
}

// httpOptions are extensions.http.
type httpOptions struct{ RoutePrefix string }

// readHostJSON reads and checks the host.json of an app, filled up with the real host's defaults.
func readHostJSON(root string) (*hostJSON, error) {
	b, err := os.ReadFile(filepath.Join(root, "host.json")) //nolint:gosec // the app folder is chosen by who runs the host
	if err != nil {
		return nil, fmt.Errorf("reading host.json: %w", err)
	}
	h := defaults()
	if err := json.Unmarshal(b, h); err != nil {
		return nil, fmt.Errorf("reading host.json: %w", err)
	}
	if h.Extensions.Queues.NewBatchThreshold < 0 {
		h.Extensions.Queues.NewBatchThreshold = h.Extensions.Queues.BatchSize / 2 * int32(runtime.NumCPU()) //nolint:gosec // few
	}
	if err := h.check(); err != nil {
		return nil, fmt.Errorf("checking host.json: %w", err)
	}
	return h, nil
}

// defaults are the real host's, except for the two load balancing intervals: a real host that was killed leaves its
// partitions to others after half a minute; here there are no others to wait for.
func defaults() *hostJSON {
	h := &hostJSON{FunctionTimeout: span(30 * time.Minute)}
	h.CustomHandler.InitializationTimeout = span(30 * time.Second)
	h.Extensions.EventHubs = eventHubOptions{
		MaxEventBatchSize: 100, MinEventBatchSize: 1, MaxWaitTime: span(time.Minute), BatchCheckpointFrequency: 1, PrefetchCount: 300,
		LoadBalancingUpdateInterval: span(time.Second), PartitionOwnershipExpirationInterval: span(5 * time.Second),
	}
	h.Extensions.Queues = queueOptions{
		BatchSize: 16, NewBatchThreshold: -1, MaxPollingInterval: span(time.Minute), MaxDequeueCount: 5, MessageEncoding: "base64",
	}
	h.Extensions.HTTP.RoutePrefix = "api"
	return h
}

// check names everything that is wrong at once.
func (h *hostJSON) check() error {
	eh, q := h.Extensions.EventHubs, h.Extensions.Queues
	return errors.Join(
		unless(h.Version == "2.0", `version must be "2.0"`),
		unless(h.CustomHandler.Description.DefaultExecutablePath != "", "customHandler.description.defaultExecutablePath is missing"),
		unless(!h.CustomHandler.EnableForwardingHTTPRequest || h.CustomHandler.EnableProxyingHTTPRequest,
			"customHandler.enableForwardingHttpRequest is not supported here: use enableProxyingHttpRequest"),
		unless(h.CustomHandler.InitializationTimeout > 0, "customHandler.initializationTimeout must be above zero"),
		unless(h.FunctionTimeout != 0, "functionTimeout must not be zero"),
		unless(eh.MaxEventBatchSize > 0, "extensions.eventHubs.maxEventBatchSize must be above zero"),
		unless(eh.MinEventBatchSize == 1 || eh.MinEventBatchSize > 1 && eh.MinEventBatchSize < eh.MaxEventBatchSize,
			"extensions.eventHubs.minEventBatchSize must be at least 1 and below maxEventBatchSize"),
		unless(eh.MaxWaitTime > 0 && eh.MaxWaitTime <= span(10*time.Minute), "extensions.eventHubs.maxWaitTime must be up to 00:10:00"),
		unless(eh.BatchCheckpointFrequency > 0, "extensions.eventHubs.batchCheckpointFrequency must be above zero"),
		unless(eh.InitialOffsetOptions.Type == "" || eh.InitialOffsetOptions.Type == "fromStart",
			"extensions.eventHubs.initialOffsetOptions is not supported here but for fromStart"),
		unless(eh.PrefetchCount >= 0, "extensions.eventHubs.prefetchCount must not be negative"),
		unless(q.BatchSize >= 1 && q.BatchSize <= 32, "extensions.queues.batchSize must be 1 to 32"),
		unless(q.MaxPollingInterval >= span(firstPause), "extensions.queues.maxPollingInterval must be at least 00:00:00.1"),
		unless(q.VisibilityTimeout >= 0, "extensions.queues.visibilityTimeout must not be negative"),
		unless(q.MaxDequeueCount > 0, "extensions.queues.maxDequeueCount must be above zero"),
		unless(q.MessageEncoding == "base64" || q.MessageEncoding == "none", "extensions.queues.messageEncoding must be base64 or none"),
		h.Retry.check(),
	)
}

// unless gives the complaint when a condition does not hold.
func unless(ok bool, complaint string) error {
	if ok {
		return nil
	}
	return errors.New(complaint)
}
