package functions

import (
	"log/slog"
	"net/http"
	"time"
)

// builder puts an app's parts together.
type builder struct {
	settings settings
	options  *hostJSON
	log      *slog.Logger
	caller   *caller
	runner   runner
	triggers []trigger
	routes   []route
}

func newBuilder(root string, c Config, options *hostJSON) (*builder, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	cmd, err := newCommand(root, options.CustomHandler.Description, environment(root, port, c.Settings))
	if err != nil {
		return nil, err
	}
	client := &http.Client{Transport: newTransport()}
	p := &process{
		command: cmd, port: port, limit: time.Duration(options.CustomHandler.InitializationTimeout),
		output: &output{w: c.Output}, log: c.Logger, client: client, open: make(chan struct{}),
	}
	call := &caller{process: p, client: client, timeout: time.Duration(options.FunctionTimeout)}
	return &builder{
		settings: c.Settings, options: options, log: c.Logger, caller: call,
		runner: &executor{invoke: call.invoke, log: c.Logger},
	}, nil
}

// add adds a function by the type of its trigger.
func (b *builder) add(f *function) error {
	var t trigger
	var err error
	switch f.trigger.Type {
	case eventHubTrigger:
		t, err = b.eventHub(f)
	case queueTrigger:
		t, err = b.queue(f)
	case timerTrigger:
		t, err = b.timer(f)
	default:
		r, err := parseRoute(f.name, f.trigger, b.options)
		b.routes = append(b.routes, r)
		return err
	}
	b.triggers = append(b.triggers, t)
	return err
}

func (b *builder) eventHub(f *function) (trigger, error) {
	at, err := hubAddress(b.settings, &f.trigger)
	if err != nil {
		return nil, err
	}
	storage, err := b.settings.storage("Storage")
	if err != nil {
		return nil, err
	}
	return newHubSource(&hubReader{function: f, address: at, options: b.options.Extensions.EventHubs, runner: b.runner, log: b.log}, storage)
}

func (b *builder) queue(f *function) (trigger, error) {
	connection, err := b.settings.storage(f.trigger.Connection)
	if err != nil {
		return nil, err
	}
	q, err := newStorageQueue(connection, f.trigger.QueueName)
	return &queuePoll{function: f, queue: q, options: b.options.Extensions.Queues, runner: b.runner, log: b.log}, err
}

func (b *builder) timer(f *function) (trigger, error) {
	s, err := parseSchedule(f.trigger.Schedule)
	return &timer{function: f, schedule: s, runner: b.runner}, err
}
