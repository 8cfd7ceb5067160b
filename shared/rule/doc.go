// Package rule judges single records: what a directory change, an operation of Azure or one of Microsoft's risk findings
// shows by itself.
//
// A Rule is a value that says what it looks for, how strongly, what is harmless about it and what to ask next; its Match
// is a pure function of one event and of what the tenant declares (World). Catalogue lists all of them, and Elsewhere
// says where the public detections are that no single record can show. The pages in docs/detections are made from both.
//
// Words. A principal is known by the id of its service principal; an application by its appId ("app:" and the id). A
// record about an application without its appId names only the application's object id, which is neither: it is kept
// under that id, so that nothing is lost. A shape is recorded when a public record has the fields that a rule reads,
// documented when only documentation does, guessed when only other people's rules do; what is guessed never is high.
//
// Nobody vouches for himself: an actor lowers a level only when he is a declared deployer and not in a case himself.
package rule
