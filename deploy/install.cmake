# Runs at the installation: the files here are whole and name the places of a Debian package; what is installed names
# the places of this installation. In: source, prepared (a folder to write in), bin and share (below the prefix).
if(CMAKE_INSTALL_PREFIX MATCHES "^/usr(/local)?/?$")
  set(etc /etc/sluice)
else()
  set(etc ${CMAKE_INSTALL_PREFIX}/etc/sluice)
endif()

function(prepare file name)
  file(READ ${source}/${file} text)
  string(REPLACE "/usr/bin/sluice" "${CMAKE_INSTALL_PREFIX}/${bin}/sluice" text "${text}")
  string(REPLACE "/etc/sluice" "${etc}" text "${text}")
  string(REPLACE "$schema=sluice" "$schema=${CMAKE_INSTALL_PREFIX}/${share}/sluice" text "${text}")
  file(WRITE ${prepared}/${name} "${text}")
endfunction()
prepare(sluice.yaml sluice.yaml)
prepare(systemd/sluice.service sluice.service)
prepare(systemd/sluice.tmpfiles sluice.conf)

file(INSTALL ${prepared}/sluice.yaml DESTINATION ${CMAKE_INSTALL_PREFIX}/${share})
file(INSTALL ${prepared}/sluice.service DESTINATION ${CMAKE_INSTALL_PREFIX}/lib/systemd/system)
file(INSTALL ${prepared}/sluice.conf DESTINATION ${CMAKE_INSTALL_PREFIX}/lib/tmpfiles.d)

# A configuration that is there is somebody's, and stays as it is.
if(EXISTS $ENV{DESTDIR}${etc}/sluice.yaml)
  message(STATUS "Kept: $ENV{DESTDIR}${etc}/sluice.yaml")
else()
  file(INSTALL ${prepared}/sluice.yaml DESTINATION ${etc} PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ)
endif()
