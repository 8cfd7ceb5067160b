package functions

import (
	"strings"
	"testing"
	"time"
)

func TestAnAppThatTheRealHostWouldRefuseIsRefusedWithTheReason(t *testing.T) {
	const trigger = `{"bindings":[{"type":"timerTrigger","name":"t","schedule":"0 * * * * *"}]}`
	tests := map[string]struct{ host, function, want string }{
		"an unknown binding": {"", `{"bindings":[{"type":"blobTrigger","name":"b"}]}`, `type "blobTrigger", which is not known`},
		"an output binding": {
			"", `{"bindings":[{"type":"timerTrigger","name":"t","schedule":"0 * * * * *"},{"type":"queue","name":"q","direction":"out"}]}`,
			"output binding",
		},
		"no trigger": {"", `{"bindings":[]}`, "one trigger, this one 0"},
		"two triggers": {
			"", `{"bindings":[{"type":"timerTrigger","name":"t","schedule":"0 * * * * *"},{"type":"queueTrigger","name":"q","queueName":"x"}]}`,
			"one trigger, this one 2",
		},
		"a bad cron":            {"", `{"bindings":[{"type":"timerTrigger","name":"t","schedule":"0 99 * * * *"}]}`, "reading schedule"},
		"a missing setting":     {"", `{"bindings":[{"type":"timerTrigger","name":"t","schedule":"%WHEN%"}]}`, "app setting WHEN does not exist"},
		"a missing connection":  {"", `{"bindings":[{"type":"queueTrigger","name":"q","queueName":"x","connection":"STATE"}]}`, "app setting STATE"},
		"a missing hub setting": {"", `{"bindings":[{"type":"eventHubTrigger","name":"e","eventHubName":"x","connection":"HUB"}]}`, "app setting HUB"},
		"HTTP without proxying": {
			"", `{"bindings":[{"type":"httpTrigger","name":"req"},{"type":"http","name":"res","direction":"out"}]}`, "enableProxyingHttpRequest",
		},
		"a retry without limit or count": {
			"", `{"bindings":[{"type":"timerTrigger","name":"t","schedule":"0 * * * * *"}],"retry":{"strategy":"fixedDelay"}}`, "maxRetryCount",
		},
		"broken JSON":           {"", `{`, "reading function f"},
		"a batch of nothing":    {`,"extensions":{"eventHubs":{"maxEventBatchSize":0}}`, trigger, "maxEventBatchSize"},
		"a start at the end":    {`,"extensions":{"eventHubs":{"initialOffsetOptions":{"type":"fromEnd"}}}`, trigger, "initialOffsetOptions"},
		"too many messages":     {`,"extensions":{"queues":{"batchSize":33}}`, trigger, "batchSize"},
		"a number for a span":   {`,"functionTimeout":5`, trigger, "time span"},
		"an impossible span":    {`,"functionTimeout":"00:75:00"`, trigger, "end at 23"},
		"an unknown encoding":   {`,"extensions":{"queues":{"messageEncoding":"utf8"}}`, trigger, "messageEncoding"},
		"an unknown constraint": {"", strings.Replace(httpFunction, `"direction":"in"`, `"direction":"in","route":"a/{b:float}"`, 1), "constraint"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := newApp(t, tt.host, map[string]string{"f": tt.function})
			if name == "HTTP without proxying" {
				a.edit(`"enableProxyingHttpRequest":true`, `"enableProxyingHttpRequest":false`)
			}
			if _, err := New(a.config); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

func TestAllComplaintsComeAtOnceAndNoConnectionStringIsInThem(t *testing.T) {
	a := newApp(t, "", map[string]string{
		"one": `{"bindings":[{"type":"queueTrigger","name":"q","queueName":"%QUEUE%","connection":"STATE"}]}`,
		"two": `{"bindings":[{"type":"eventHubTrigger","name":"e","eventHubName":"x","connection":"HUB"}]}`,
	})
	a.config.Settings["HUB"] = "Endpoint=sb://x;SharedAccessKey=s3cret" // lacks the key's name
	_, err := New(a.config)
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{"function one", "function two", "QUEUE", "STATE", "HUB"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in %v", want, err)
		}
	}
	if strings.Contains(err.Error(), "s3cret") {
		t.Error("a key is in the error")
	}
}

func TestTimeSpans(t *testing.T) {
	for in, want := range map[string]time.Duration{
		"00:00:30": 30 * time.Second, "1.02:03:04": 26*time.Hour + 3*time.Minute + 4*time.Second, "01:30": 90 * time.Minute,
		"00:00:00.25": 250 * time.Millisecond, "2": 48 * time.Hour, "-1": -1,
	} {
		if got, err := parseSpan(in); err != nil || got != want {
			t.Errorf("%s: %s, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "5s", "00:00:60", "24:00:00", "1:2:3:4", "-00:01:00"} {
		if got, err := parseSpan(in); err == nil {
			t.Errorf("%q was read as %s", in, got)
		}
	}
}

func TestConnectionsAreFoundByTheirNames(t *testing.T) {
	s := settings{"AzureWebJobsStorage": "UseDevelopmentStorage=true;", "STATE": "AccountName=x", "ID__queueServiceUri": "https://x"}
	for name, want := range map[string]string{"Storage": emulator, "AzureWebJobsStorage": emulator, "STATE": "AccountName=x"} {
		if got, err := s.storage(name); err != nil || got != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if _, err := s.storage("ID"); err == nil || !strings.Contains(err.Error(), "by identity") {
		t.Error(err)
	}
}

func TestTheEntityPathOverridesTheHubsName(t *testing.T) {
	s := settings{"HUB": "Endpoint=sb://localhost:1234/;SharedAccessKeyName=n;SharedAccessKey=k;EntityPath=other;UseDevelopmentEmulator=true"}
	got, err := hubAddress(s, &binding{Connection: "HUB", EventHubName: "signins", ConsumerGroup: "detect"})
	if err != nil || got.name != "other" || got.group != "detect" || got.namespace != "localhost" {
		t.Errorf("%+v, %v", got, err)
	}
}
