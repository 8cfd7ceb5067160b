package traced_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"rekey/shared/azure/traced"
	"rekey/shared/host/funchost"
)

func TestTheWideEventCountsEveryTryAndEveryLater(t *testing.T) {
	var parents []string
	tries := 0
	azure := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		parents = append(parents, r.Header.Get("Traceparent"))
		if tries++; tries <= 2 {
			w.WriteHeader(http.StatusTooManyRequests)
		}
	}))
	defer azure.Close()
	o := azcore.ClientOptions{Retry: policy.RetryOptions{RetryDelay: time.Millisecond}}
	pipeline := runtime.NewPipeline("test", "1", runtime.PipelineOptions{}, ptr(traced.Options(traced.Table, o)))
	var log bytes.Buffer
	s, err := funchost.New(funchost.Config{Logger: slog.New(slog.NewJSONHandler(&log, nil)), Routes: map[string]funchost.Handler{
		"f": funchost.Queue(func(ctx context.Context, _ funchost.Message) error {
			req, err := runtime.NewRequest(ctx, http.MethodGet, azure.URL)
			if err != nil {
				return err
			}
			r, err := pipeline.Do(req)
			if err == nil {
				r.Body.Close()
			}
			return err
		}),
	}})
	if err != nil {
		t.Fatal(err)
	}
	s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/f", strings.NewReader(`{"Data":{"m":"x"}}`)))
	for _, want := range []string{`"calls_table":3`, `"throttled":2`, `"outcome":"success"`} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("%s is not in %s", want, log.String())
		}
	}
	if strings.Join(parents, "") != "" {
		t.Errorf("nobody traces, and Azure is told %q", parents)
	}
}

func TestOptionsLeaveTheCallersOwnAlone(t *testing.T) {
	var o azcore.ClientOptions
	o.PerRetryPolicies = make([]policy.Policy, 0, 4)
	a, b := traced.Options(traced.Graph, o), traced.Options(traced.Vault, o)
	if len(o.PerRetryPolicies) != 0 || a.PerRetryPolicies[0] == b.PerRetryPolicies[0] {
		t.Error("two clients share a list of policies")
	}
}

func ptr[T any](v T) *T { return &v }
