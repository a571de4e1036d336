module netpol.test/embed

go 1.19
