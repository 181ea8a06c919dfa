package sandbox

// eventDefects are altered events.
var eventDefects = []Defect{}
