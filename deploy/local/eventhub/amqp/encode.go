package amqp

import (
	"fmt"
	"math"
	"time"
)

// Append appends an encoded value. It panics on a Go type that AMQP has no type for here: a programming error.
func Append(b []byte, v any) []byte {
	switch x := v.(type) {
	case nil:
		return append(b, 0x40)
	case bool:
		if x {
			return append(b, 0x41)
		}
		return append(b, 0x42)
	case uint8:
		return append(b, 0x50, x)
	case uint16:
		return be.AppendUint16(append(b, 0x60), x)
	case uint32:
		return appendUint32(b, x)
	case uint64:
		return appendUint64(b, x)
	case int8:
		return append(b, 0x51, byte(x))
	case int16:
		return be.AppendUint16(append(b, 0x61), uint16(x))
	case int32:
		return be.AppendUint32(append(b, 0x71), uint32(x))
	case int64:
		return be.AppendUint64(append(b, 0x81), uint64(x))
	case float32:
		return be.AppendUint32(append(b, 0x72), math.Float32bits(x))
	case float64:
		return be.AppendUint64(append(b, 0x82), math.Float64bits(x))
	case time.Time:
		return be.AppendUint64(append(b, 0x83), uint64(x.UnixMilli()))
	case [16]byte:
		return append(append(b, 0x98), x[:]...)
	case []byte:
		return appendVariable(b, 0xa0, x)
	case string:
		return appendVariable(b, 0xa1, x)
	case Symbol:
		return appendVariable(b, 0xa3, x)
	case Described:
		return Append(Append(append(b, 0), x.Descriptor), x.Value)
	}
	return appendCompound(b, v)
}

func appendUint32(b []byte, x uint32) []byte {
	switch {
	case x == 0:
		return append(b, 0x43)
	case x < 256:
		return append(b, 0x52, byte(x))
	}
	return be.AppendUint32(append(b, 0x70), x)
}

func appendUint64(b []byte, x uint64) []byte {
	switch {
	case x == 0:
		return append(b, 0x44)
	case x < 256:
		return append(b, 0x53, byte(x))
	}
	return be.AppendUint64(append(b, 0x80), x)
}

func appendVariable[T ~string | ~[]byte](b []byte, c byte, x T) []byte {
	if len(x) < 256 {
		return append(append(b, c, byte(len(x))), x...)
	}
	return append(be.AppendUint32(append(b, c|0x10), uint32(len(x))), x...)
}

func appendCompound(b []byte, v any) []byte {
	switch x := v.(type) {
	case List:
		return sized(b, 0xd0, len(x), func(b []byte) []byte {
			for _, e := range x {
				b = Append(b, e)
			}
			return b
		})
	case Map:
		return sized(b, 0xd1, 2*len(x), func(b []byte) []byte {
			for _, p := range x {
				b = Append(Append(b, p.Key), p.Value)
			}
			return b
		})
	case Symbols:
		return sized(b, 0xf0, len(x), func(b []byte) []byte { return appendTexts(append(b, 0xb3), x) })
	case Strings:
		return sized(b, 0xf0, len(x), func(b []byte) []byte { return appendTexts(append(b, 0xb1), x) })
	}
	panic(fmt.Sprintf("amqp: no encoding for %T", v))
}

func appendTexts[S ~[]T, T ~string](b []byte, texts S) []byte {
	for _, t := range texts {
		b = append(be.AppendUint32(b, uint32(len(t))), t...)
	}
	return b
}

// sized writes a compound: its size is known when its body is written.
func sized(b []byte, c byte, count int, body func([]byte) []byte) []byte {
	b = append(b, c)
	at := len(b)
	b = be.AppendUint32(append(b, 0, 0, 0, 0), uint32(count))
	b = body(b)
	be.PutUint32(b[at:], uint32(len(b)-at-4))
	return b
}
