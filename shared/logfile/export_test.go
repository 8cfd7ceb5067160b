package logfile

// NewReaderSize makes a Reader with a window of another size, so that tests see borders anywhere.
var NewReaderSize = newReader
