-- → how many delayed runs became ready.
return promote()
