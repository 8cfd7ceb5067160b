package bench

import (
	"encoding/json"
	"unsafe"

	"github.com/bytedance/sonic"
	jsonv2 "github.com/go-json-experiment/json"
	goccy "github.com/goccy/go-json"
	segmentio "github.com/segmentio/encoding/json"

	"rekey/shared/event"
)

// decoder reads a message and hands over its sign-ins.
type decoder func(message []byte, each func(*event.Event)) error

// structs makes a decoder of a library that fills structs. The structs are used again for the next message; they are
// cleared first, because not every library resets the fields that a record lacks.
func structs(unmarshal func([]byte, *envelope) error) decoder {
	var into envelope
	var e event.Event
	return func(message []byte, each func(*event.Event)) error {
		all := into.Records[:cap(into.Records)]
		for i := range all {
			all[i] = signIn{Properties: properties{Details: all[i].Properties.Details[:0]}}
		}
		into.Records = all[:0]
		if err := unmarshal(message, &into); err != nil {
			return err
		}
		for i := range into.Records {
			if err := into.Records[i].event(&e); err != nil {
				return err
			}
			each(&e)
		}
		return nil
	}
}

func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

func newEncodingJSON() decoder {
	return structs(func(b []byte, into *envelope) error { return json.Unmarshal(b, into) })
}

func newJSONv2() decoder {
	return structs(func(b []byte, into *envelope) error { return jsonv2.Unmarshal(b, into) })
}

func newGoccy() decoder {
	return structs(func(b []byte, into *envelope) error {
		return goccy.UnmarshalWithOption(b, into, goccy.DecodeNoCopyString())
	})
}

func newSonic() decoder {
	api := sonic.Config{NoValidateJSONMarshaler: true, NoValidateJSONSkip: true, CaseSensitive: true}.Froze() // ConfigFastest and exact names
	return structs(func(b []byte, into *envelope) error { return api.UnmarshalFromString(text(b), into) })
}

func newSegmentio() decoder {
	return structs(func(b []byte, into *envelope) error {
		_, err := segmentio.Parse(b, into, segmentio.ZeroCopy|segmentio.DontMatchCaseInsensitiveStructFields)
		return err
	})
}
